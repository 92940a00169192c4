import { useState } from 'preact/hooks'
import type { Key } from '../i18n/catalogue'
import { t } from '../i18n/i18n'
import { reason } from '../i18n/reason'
import { Button } from '../kit/button'
import { Dialog } from '../kit/dialog'
import { TextField } from '../kit/field'
import { useForm } from '../kit/form'
import { Notice, ProblemNotice } from '../kit/notice'
import * as rules from '../kit/rules'
import type { Outcome, Progress } from './actions'
import type { BatchDo } from './api'

interface Props {
  n: number
  /** Every selected image is a favourite already. */
  favourite: boolean
  tags: readonly string[]
  progress: Progress | undefined
  onDo(what: BatchDo, tag?: string): void
  onDownload(): void
  onStop(): void
  onClear(): void
}

/** ActionBar stands in the toolbar's place while images are selected. */
export function ActionBar(p: Props) {
  const [tagging, tag] = useState(false)
  if (p.progress) return <Working progress={p.progress} onStop={p.onStop} />
  return (
    <div class="gtools acting" role="toolbar" aria-label={t('gallery.selection')}>
      <Button kind="quiet" bare icon="close" onClick={p.onClear}>{t('gallery.clear')}</Button>
      <b class="num" role="status">{t('gallery.selected', { n: p.n })}</b>
      <span class="sp" />
      <Button icon="star" onClick={() => p.onDo(p.favourite ? 'unfavourite' : 'favourite')}>{t(p.favourite ? 'gallery.unfavourite' : 'gallery.favour')}</Button>
      <Button icon="tag" onClick={() => tag(true)}>{t('gallery.tag')}</Button>
      <Button icon="download" onClick={p.onDownload}>{t('gallery.download')}</Button>
      <Button kind="danger" icon="trash" onClick={() => p.onDo('delete')}>{t('gallery.delete')}</Button>
      {tagging && <TagDialog n={p.n} tags={p.tags} onClose={() => tag(false)} onDo={p.onDo} />}
    </div>
  )
}

const doing: Readonly<Record<Progress['what'], Key>> = {
  delete: 'gallery.doing_delete', restore: 'gallery.doing_restore', favourite: 'gallery.doing_favourite', unfavourite: 'gallery.doing_unfavourite',
  tag: 'gallery.doing_tag', untag: 'gallery.doing_untag', download: 'gallery.doing_download',
}

function Working({ progress: p, onStop }: { progress: Progress; onStop(): void }) {
  const text = t(doing[p.what], { n: p.of })
  return (
    <div class="gtools acting" role="status">
      <span>{text}</span>
      <progress max={p.of} value={p.through} aria-label={text} />
      <span class="num dim">{t('gallery.through', { n: p.through, of: p.of })}</span>
      <span class="sp" />
      {p.what === 'download' && <Button onClick={onStop}>{t('action.cancel')}</Button>}
    </div>
  )
}

function TagDialog({ n, tags, onClose, onDo }: { n: number; tags: readonly string[]; onClose(): void; onDo(what: BatchDo, tag: string): void }) {
  const form = useForm({ tag: '' }, v => ({ tag: rules.name(v.tag, 40) }), async v => {
    onClose()
    onDo('tag', v.tag.trim())
  })
  return (
    <Dialog title={t('gallery.tag_title', { n })} onClose={onClose}>
      <form onSubmit={form.onSubmit} noValidate>
        <TextField bound={form.bind('tag')} label={t('gallery.tag')} autoComplete="off" maxLength={40} />
        {tags.length > 0 && (
          <div class="known">
            {tags.slice(0, 24).map(x => <Button key={x} small onClick={() => { onClose(); onDo('tag', x) }}><bdi>{x}</bdi></Button>)}
          </div>
        )}
        <div class="acts">
          {tags.length > 0 && <Button kind="quiet" onClick={() => { const x = form.values.tag.trim(); if (x) { onClose(); onDo('untag', x) } }}>{t('gallery.take_tag')}</Button>}
          <span class="sp" />
          <Button kind="quiet" onClick={onClose}>{t('action.cancel')}</Button>
          <Button kind="primary" type="submit">{t('gallery.add_tag')}</Button>
        </div>
      </form>
    </Dialog>
  )
}

/** Left says which images something could not be done with. */
export function Left({ outcome }: { outcome: Outcome | undefined }) {
  if (!outcome) return null
  const [first] = outcome.failed
  return (
    <>
      <ProblemNotice problem={outcome.problem} />
      {first && <Notice tone="bad">{t('gallery.failed', { n: outcome.failed.length })} {reason(first.code)}</Notice>}
    </>
  )
}
