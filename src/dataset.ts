/**
 * icthp/dataset, for Node: from shards of pictures to parts of scores, one row an image, on one machine or many.
 */
export * from './dataset/index.ts'
