/** The eight words of Rae et al. 2021, appendix A1.1: prose has some of them. Presets differ in how they count and compare. */
export const STOP_WORDS: readonly string[] = ["the", "be", "to", "of", "and", "that", "have", "with"];
