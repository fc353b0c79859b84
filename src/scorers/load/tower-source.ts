import type { ModelFiles } from '../../backend/backend.ts'
import type { ModelFile } from '../../hub/hub.ts'
import type { TowerFiles } from '../../models/manifest.ts'

/** The files of one tower, fetched and checked when a backend first asks for them. */
export class TowerSource {
  #files: Promise<ModelFiles> | undefined
  #data: readonly ModelFile[] = []

  constructor(
    private readonly paths: TowerFiles,
    private readonly fetch: (path: string) => Promise<ModelFile>,
  ) {}

  files(): Promise<ModelFiles> {
    return (this.#files ??= this.#fetch())
  }

  /**
   * Once the backend is done: waits for what is still being hashed. Rejects where files were asked for and are not the
   * right ones, whatever the backend made of it.
   */
  async settled(): Promise<void> {
    await this.#files
    await Promise.all(this.#data.map(({ checked }) => checked))
  }

  async #fetch(): Promise<ModelFiles> {
    const { model, externalData } = this.paths
    this.#data = await Promise.all(externalData.map((path) => this.fetch(path)))
    const graph = await this.fetch(model)
    // A graph is a program: it is not handed over before it is known to be the right one. Its data may still be hashed.
    await graph.checked
    return {
      graph,
      externalData: this.#data.map((file, i) => ({ name: externalData[i]!.split('/').pop()!, file })),
    }
  }
}
