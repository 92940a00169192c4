import { useState } from 'preact/hooks'
import { cameras, links } from '../api/api'
import { asProblem, type Problem } from '../api/problem'
import type { NoticeRow } from '../api/sharing'
import type { Camera } from '../api/wire'
import { t } from '../i18n/i18n'
import { Button } from '../kit/button'
import { Dialog } from '../kit/dialog'
import { later } from '../kit/later'
import { ProblemNotice } from '../kit/notice'
import type { GiveAccessProps } from '../share/dialog'

const GiveAccess = later<GiveAccessProps>(() => import('../share/dialog').then(m => m.GiveAccess))

/** AnswerRequest gives access to who asked for it: the camera's own dialog, with the person in it as a draft. */
export function AnswerRequest({ notice: n, onDone }: { notice: NoticeRow; onDone(): void }) {
  const [among, setAmong] = useState<Camera[]>()
  const [giving, give] = useState<Camera>()
  const [problem, setProblem] = useState<Problem>()
  const [busy, setBusy] = useState(false)
  const person = n.person && { id: n.person.id, name: n.person.name, email_masked: n.person.email_masked ?? '' }
  const open = async (): Promise<void> => {
    if (busy) return
    setBusy(true)
    setProblem(undefined)
    try {
      const found = await camerasOf(n)
      if (found.length === 1) give(found[0])
      else setAmong(found)
    } catch (e) {
      setProblem(asProblem(e))
    } finally {
      setBusy(false)
    }
  }
  const close = (): void => {
    give(undefined)
    onDone()
  }
  return (
    <>
      <Button small busy={busy} onClick={() => void open()}>{t('share.act')}</Button>
      <ProblemNotice problem={problem} />
      {among && (
        <Dialog title={t('request.which')} sub={t('request.which_text', { person: person?.name || t('notices.somebody') })} onClose={() => setAmong(undefined)}>
          {among.length === 0 ? <p>{t('request.gone')}</p> : (
            <ul class="choose">
              {among.map(c => <li key={c.id}><Button onClick={() => { setAmong(undefined); give(c) }}><bdi>{c.name}</bdi></Button></li>)}
            </ul>
          )}
        </Dialog>
      )}
      {giving && <GiveAccess camera={giving} person={person} onClose={close} />}
    </>
  )
}

/** camerasOf are the own cameras a request is about: one, or those its link shows now. */
async function camerasOf(n: NoticeRow): Promise<Camera[]> {
  const mine = (await cameras.list()).cameras.filter(c => c.mine)
  if (n.camera) return mine.filter(c => c.id === n.camera?.id)
  const link = (await links.list()).links.find(l => l.id === n.link?.id)
  return mine.filter(c => link?.cameras.some(x => x.id === c.id))
}
