import type { ModelKind } from '../../models/kinds.ts'
import { outputOf, type PlanDatasetOptions } from '../run/score-dataset.ts'
import { requirePlan } from './plan.ts'

/** The reward models that an output is planned for: those that its workers need. Throws `DatasetError` `dataset_part_missing`. */
export async function plannedKinds(
  options: Pick<PlanDatasetOptions, 'out' | 'cwd'>,
): Promise<readonly ModelKind[]> {
  return (await requirePlan(outputOf(options))).settings.kinds
}
