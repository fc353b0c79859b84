import { invalidTable, type Table } from './tables/table.ts'

/** What the columns of a table are for. */
export const ROLES = ['image', 'prompt', 'group'] as const
export type Role = (typeof ROLES)[number]
/** The columns that are to be read: by role, the first that a row has counts. */
export type PairColumns = Readonly<Record<Role, readonly string[]>>

/** What the columns are called where nobody says, the likeliest first; capitals do not matter. */
const USUAL: Readonly<Record<Role, readonly string[]>> = {
  image: [
    'image',
    'image_path',
    'file_name',
    'filename',
    'file',
    'path',
    'img',
    'image_file',
    'images',
    'file_names',
    'url',
    'image_url',
  ],
  prompt: ['prompt', 'caption', 'text', 'prompts', 'description', 'title'],
  group: ['group', 'group_id', 'prompt_id'],
}

/**
 * The columns of a table by what they are for, as they are named or usually called. Throws `InputError`
 * `input_invalid_table` where there is none for the images or the prompts, or none of a name that was given.
 */
export function pairColumns(
  { columns, where }: Pick<Table, 'columns' | 'where'>,
  named: Partial<Readonly<Record<Role, string>>> = {},
): PairColumns {
  const all = (): string => columns.map((name) => JSON.stringify(name)).join(', ')
  const found = (role: Role): readonly string[] => {
    const name = named[role]
    if (name !== undefined && !columns.includes(name))
      throw invalidTable(where, `there is no column ${JSON.stringify(name)}. Its columns are ${all()}.`)
    if (name !== undefined) return [name]
    const taken = Object.values(named)
    return USUAL[role].flatMap((usual) =>
      columns.filter((column) => column.toLowerCase() === usual && !taken.includes(column)),
    )
  }
  const chosen = { image: found('image'), prompt: found('prompt'), group: found('group') }
  for (const role of ['image', 'prompt'] as const) {
    if (chosen[role].length > 0) continue
    throw invalidTable(
      where,
      `none of its columns is known to hold the ${role}s. Say which it is: ${role}=NAME. Its columns are ${all()}.`,
    )
  }
  return chosen
}
