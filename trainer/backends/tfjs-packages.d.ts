/** TensorFlow.js with native kernels, which the user may have installed: the same functions as those of its core. */
declare module "@tensorflow/tfjs-node-gpu" {
  const tf: typeof import("@tensorflow/tfjs-core");
  export default tf;
}
declare module "@tensorflow/tfjs-node" {
  const tf: typeof import("@tensorflow/tfjs-core");
  export default tf;
}
