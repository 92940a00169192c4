import { asProblem, type Problem } from '../api/problem'
import { announce } from '../kit/resource'
import { toast } from '../kit/toast'
import { t } from '../i18n/i18n'
import { images, type BatchDo, type GalleryImage } from './api'
import { batch } from './batch'
import type { Feed } from './feed'
import { fetchPicture } from './thumbs'
import { fileName, takenOf } from './words'
import { Zip } from './zip'

/** What is under way with many images. */
export interface Progress {
  what: BatchDo | 'download'
  through: number
  of: number
}

export interface Outcome {
  done: readonly string[]
  failed: { id: string; code: string }[]
  problem: Problem | undefined
}

/** The server restores what was deleted for a minute; a little less is offered. */
const undoFor = 55_000
/** A ZIP holds less than this; more images make more files. */
const zipMost = 1_000_000_000

let turn: Promise<unknown> = Promise.resolve()

/** inTurn begins when what is under way with images has ended: a key pressed meanwhile is not lost. */
export function inTurn<T>(fn: () => Promise<T>): Promise<T> {
  const next = turn.then(fn)
  turn = next.catch(() => undefined)
  return next
}

let deleted: { ids: readonly string[]; at: number } | undefined

/** act does one thing to images and shows it as it goes; deleting offers Undo. */
export async function act(feed: Feed<GalleryImage>, ids: readonly string[], what: BatchDo, tag: string | undefined, onProgress: (p: Progress | undefined) => void): Promise<Outcome> {
  onProgress({ what, through: 0, of: ids.length })
  const r = await batch(ids, what, tag, (through, done) => {
    show(feed, new Set(done), what, tag)
    onProgress({ what, through, of: ids.length })
  })
  onProgress(undefined)
  if (what === 'delete' && r.done.length > 0) {
    deleted = { ids: r.done, at: Date.now() }
    toast(t('gallery.deleted', { n: r.done.length }), { text: t('action.undo'), act: () => void undo(feed, onProgress) })
  }
  if (r.done.length > 0) announce('quota')
  return r
}

function show(feed: Feed<GalleryImage>, ids: ReadonlySet<string>, what: BatchDo, tag = ''): void {
  switch (what) {
    case 'delete': return feed.remove(ids)
    case 'favourite': return feed.patch(ids, i => ({ ...i, favourite: true }))
    case 'unfavourite': return feed.patch(ids, i => ({ ...i, favourite: false }))
    case 'tag': return feed.patch(ids, i => (i.tags.includes(tag) ? i : { ...i, tags: [...i.tags, tag] }))
    case 'untag': return feed.patch(ids, i => ({ ...i, tags: i.tags.filter(x => x !== tag) }))
    case 'restore': return
  }
}

/** undo restores what was deleted last, within the minute; also Ctrl+Z. False when there is nothing to restore. */
export function undo(feed: Feed<GalleryImage>, onProgress: (p: Progress | undefined) => void): Promise<boolean> {
  return inTurn(async () => {
    const last = deleted
    if (!last || Date.now() - last.at > undoFor) return false
    deleted = undefined
    const r = await act(feed, last.ids, 'restore', undefined, onProgress)
    await feed.load()
    toast(r.done.length < last.ids.length ? t('gallery.restore_failed', { n: last.ids.length - r.done.length }) : t('gallery.restored', { n: last.ids.length }))
    return true
  })
}

/** download saves images: one as it is, more in ZIP files. */
export async function download(list: readonly GalleryImage[], onProgress: (p: Progress | undefined) => void, stopped: () => boolean): Promise<Outcome> {
  const [only] = list
  if (list.length === 1 && only) {
    save(images.download(only.id), '')
    return { done: [only.id], failed: [], problem: undefined }
  }
  const failed: { id: string; code: string }[] = []
  const done: string[] = []
  let zip = new Zip()
  let files = 0
  const finish = (): void => {
    if (zip.bytes === 0) return
    files++
    const url = URL.createObjectURL(zip.blob())
    save(url, `images_${new Date().toISOString().slice(0, 10)}${files > 1 ? `_${files}` : ''}.zip`)
    setTimeout(() => URL.revokeObjectURL(url), 60_000)
    zip = new Zip()
  }
  try {
    for (const [n, i] of list.entries()) {
      if (stopped()) return { done, failed, problem: undefined }
      onProgress({ what: 'download', through: n, of: list.length })
      const blob = await fetchPicture(images.download(i.id))
      if (!blob) failed.push({ id: i.id, code: 'no_such_thing' })
      else {
        if (zip.bytes + blob.size > zipMost) finish()
        zip.add(fileName(i), new Uint8Array(await blob.arrayBuffer()), new Date(takenOf(i)))
        done.push(i.id)
      }
    }
    finish()
    return { done, failed, problem: undefined }
  } catch (e) {
    return { done, failed, problem: asProblem(e) }
  } finally {
    onProgress(undefined)
  }
}

function save(href: string, name: string): void {
  const a = document.createElement('a')
  a.href = href
  a.download = name
  document.body.append(a)
  a.click()
  a.remove()
}
