import { useEffect, useState } from 'preact/hooks'
import type { Link } from '../api/wire'
import { t } from '../i18n/i18n'
import { Button } from '../kit/button'
import { Dialog } from '../kit/dialog'
import { Failed, Skeleton } from '../kit/blocks'
import { Problem } from '../api/problem'

/** QR shows a link's address as a code to be photographed. The encoder is fetched when it is first needed. */
export function QR({ link, title, onClose }: { link: Link; title: string; onClose(): void }) {
  const [rows, setRows] = useState<boolean[][]>()
  const [failed, setFailed] = useState(false)
  const load = (): void => {
    setFailed(false)
    import('uqr').then(m => setRows(m.encode(link.url, { ecc: 'M', border: 4 }).data), () => setFailed(true))
  }
  useEffect(load, [link.url])
  return (
    <Dialog title={<bdi>{title}</bdi>} onClose={onClose} footer={<><span class="sp" /><Button onClick={onClose}>{t('action.close')}</Button></>}>
      {failed ? <Failed problem={new Problem({ status: 0, code: 'network' })} retry={load} /> : rows ? <Code rows={rows} label={t('link.qr_of', { name: title })} /> : <Skeleton />}
      <p class="hint">{t('links.risk')}</p>
    </Dialog>
  )
}

/** A code is black on white in both themes: cameras of telephones want it so. */
export function Code({ rows, label }: { rows: boolean[][]; label: string }) {
  const n = rows.length
  const path = rows.flatMap((row, y) => row.map((on, x) => (on ? `M${x} ${y}h1v1h-1z` : ''))).join('')
  return <svg class="qr" viewBox={`0 0 ${n} ${n}`} role="img" aria-label={label} shape-rendering="crispEdges"><path d={path} /></svg>
}
