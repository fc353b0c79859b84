/** What is wrong with a pickle, as the rest of a sentence that begins with "it". */
export class PickleFault extends Error {}
