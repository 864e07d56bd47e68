/**
 * Writes ONNX models (github.com/onnx/onnx, onnx.proto), as much of the format as programs need. Protocol buffers: a field
 * is a number and a wire type, then a varint, four bytes, or a length and so many bytes; messages nest as bytes.
 */
const WIRE = { varint: 0, bytes: 2, fixed32: 5 } as const;

/** Numbers of fields, by message. */
const Model = { irVersion: 1, producer: 2, graph: 7, opset: 8 } as const;
const Opset = { domain: 1, version: 2 } as const;
const Graph = { node: 1, name: 2, initializer: 5, input: 11, output: 12 } as const;
const Node = { input: 1, output: 2, type: 4, attribute: 5, domain: 7 } as const;
const Attribute = { name: 1, float: 2, int: 3, string: 4, ints: 8, type: 20 } as const;
const AttributeType = { float: 1, int: 2, string: 3, ints: 7 } as const;
const TensorData = { dims: 1, type: 2, name: 8, raw: 9 } as const;
const ValueInfo = { name: 1, type: 2 } as const;
const Type = { tensor: 1 } as const;
const TensorType = { element: 1, shape: 2 } as const;
const ShapeOf = { dim: 1 } as const;
const Dim = { value: 1 } as const;

const IR_VERSION = 10;
const OPSET_VERSION = 21;
export const ELEMENT = { float: 1, int32: 6, int64: 7 } as const;
export type Element = keyof typeof ELEMENT;

const utf8 = new TextEncoder();

class Message {
  readonly #parts: Uint8Array[] = [];

  bytes(field: number, bytes: Uint8Array): this {
    this.#tag(field, WIRE.bytes);
    this.#varint(bytes.length);
    this.#parts.push(bytes);
    return this;
  }

  string(field: number, text: string): this {
    return this.bytes(field, utf8.encode(text));
  }

  message(field: number, message: Message): this {
    return this.bytes(field, message.done());
  }

  int(field: number, value: number): this {
    this.#tag(field, WIRE.varint);
    this.#varint(value);
    return this;
  }

  float(field: number, value: number): this {
    this.#tag(field, WIRE.fixed32);
    this.#parts.push(new Uint8Array(Float32Array.of(value).buffer));
    return this;
  }

  done(): Uint8Array {
    return Buffer.concat(this.#parts);
  }

  #tag(field: number, wire: number): void {
    this.#varint(field * 8 + wire);
  }

  #varint(value: number): void {
    let rest = BigInt.asUintN(64, BigInt(value)); // Negative numbers as their two's complement.
    const bytes: number[] = [];
    for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
    bytes.push(Number(rest));
    this.#parts.push(Uint8Array.from(bytes));
  }
}

/** An attribute of a node. Numbers are integers, unless they are marked as floats. */
export type AttributeValue = number | string | readonly number[] | { readonly float: number };

/** A graph in the making. */
export class GraphWriter {
  readonly #graph = new Message().string(Graph.name, "program");

  node(
    type: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    domain = "",
  ): void {
    const node = new Message();
    for (const name of inputs) node.string(Node.input, name);
    for (const name of outputs) node.string(Node.output, name);
    node.string(Node.type, type);
    for (const [name, value] of Object.entries(attributes)) node.message(Node.attribute, attribute(name, value));
    if (domain !== "") node.string(Node.domain, domain);
    this.#graph.message(Graph.node, node);
  }

  initializer(name: string, element: Element, dims: readonly number[], values: ArrayBufferView): void {
    const tensor = new Message();
    for (const dim of dims) tensor.int(TensorData.dims, dim);
    tensor.int(TensorData.type, ELEMENT[element]).string(TensorData.name, name);
    tensor.bytes(TensorData.raw, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    this.#graph.message(Graph.initializer, tensor);
  }

  input(name: string, element: Element, dims: readonly number[]): void {
    this.#graph.message(Graph.input, valueInfo(name, element, dims));
  }

  output(name: string, element: Element, dims: readonly number[]): void {
    this.#graph.message(Graph.output, valueInfo(name, element, dims));
  }

  /** The model's file. */
  model(): Uint8Array {
    return new Message()
      .int(Model.irVersion, IR_VERSION)
      .string(Model.producer, "sluice")
      .message(Model.graph, this.#graph)
      .message(Model.opset, new Message().string(Opset.domain, "").int(Opset.version, OPSET_VERSION))
      .message(Model.opset, new Message().string(Opset.domain, MICROSOFT).int(Opset.version, 1))
      .done();
  }
}

/** Ops that ONNX Runtime has beside the standard's. */
export const MICROSOFT = "com.microsoft";

function attribute(name: string, value: AttributeValue): Message {
  const message = new Message().string(Attribute.name, name);
  if (typeof value === "number") return message.int(Attribute.int, value).int(Attribute.type, AttributeType.int);
  if (typeof value === "string") {
    return message.string(Attribute.string, value).int(Attribute.type, AttributeType.string);
  }
  if ("float" in value) return message.float(Attribute.float, value.float).int(Attribute.type, AttributeType.float);
  for (const each of value) message.int(Attribute.ints, each);
  return message.int(Attribute.type, AttributeType.ints);
}

function valueInfo(name: string, element: Element, dims: readonly number[]): Message {
  const shape = new Message();
  for (const dim of dims) shape.message(ShapeOf.dim, new Message().int(Dim.value, dim));
  const tensor = new Message().int(TensorType.element, ELEMENT[element]).message(TensorType.shape, shape);
  return new Message().string(ValueInfo.name, name).message(ValueInfo.type, new Message().message(Type.tensor, tensor));
}
