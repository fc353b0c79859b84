import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Rooms whose files take longest: browsers, installs and builds. Begun last, they would run on alone. */
const LONGEST = [
  /test\/examples\//,
  /test\/package\/install/,
  /test\/web\//,
  /test\/(bench|setups|server|dataset|evaluation)\//,
]

const rank = ({ moduleId }: TestSpecification): number => {
  const at = LONGEST.findIndex((room) => room.test(moduleId.replaceAll('\\', '/')))
  return at < 0 ? LONGEST.length : at
}

/** What takes longest first, so that what is short fills the gaps beside it. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.toSorted((a, b) => rank(a) - rank(b))
  }
}
