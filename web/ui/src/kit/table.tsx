import type { ComponentChildren } from 'preact'
import { t } from '../i18n/i18n'
import { Growing } from './growing'

export interface Column<R> {
  /** Heading; empty for the column of acts. */
  head: string
  /** title: names the row; state: stands at the end of a phone's block; num: figures; acts: buttons. */
  role?: 'title' | 'state' | 'num' | 'acts'
  cell(row: R): ComponentChildren
}

/** Table becomes blocks on a phone: the first column as title, the state at its end, the rest as "label value". */
export function Table<R>({ label, columns, rows, id }: { label: string; columns: readonly Column<R>[]; rows: readonly R[]; id(row: R): string }) {
  return <Growing rows={rows}>{shown => <Drawn label={label} columns={columns} rows={shown} id={id} />}</Growing>
}

function Drawn<R>({ label, columns, rows, id }: { label: string; columns: readonly Column<R>[]; rows: readonly R[]; id(row: R): string }) {
  return (
    <table class="tb" role="table" aria-label={label}>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((c, i) => (
            <th key={i} role="columnheader" scope="col" class={cls(c)}>{c.head || <span class="vh">{t('table.actions')}</span>}</th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map(r => (
          <tr key={id(r)} role="row">
            {columns.map((c, i) => (
              <td key={i} role="cell" class={cls(c)} data-label={c.role === 'title' || c.role === 'state' || c.role === 'acts' ? undefined : c.head}>{c.cell(r)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function cls<R>(c: Column<R>): string | undefined {
  return c.role && `col-${c.role}`
}
