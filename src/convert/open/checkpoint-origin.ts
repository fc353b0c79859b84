/** What is known of where a checkpoint comes from. */
export interface CheckpointOrigin {
  readonly repository?: string | undefined
  readonly revision?: string | undefined
  readonly license?: string | undefined
  /** Of the checkpoint's files, by their paths in its folder, where it is known: conversion does not hash them. */
  readonly sha256?: Readonly<Record<string, string>> | undefined
}
