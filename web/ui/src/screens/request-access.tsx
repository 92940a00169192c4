import { useEffect, useState } from 'preact/hooks'
import { asProblem, type Problem } from '../api/problem'
import { requests, type Wanted } from '../api/requests'
import { t } from '../i18n/i18n'
import { Empty } from '../kit/blocks'
import { Button } from '../kit/button'
import { Notice, ProblemNotice } from '../kit/notice'

/** RequestAccess is where a guest's page and a camera one may not see lead: signed in, one asks its owner. */
export function RequestAccess() {
  const [of, setOf] = useState(wanted)
  useEffect(() => {
    const read = (): void => setOf(wanted())
    addEventListener('hashchange', read)
    return () => removeEventListener('hashchange', read)
  }, [])
  return (
    <main id="main" class="main narrow">
      <h1>{t('request.title')}</h1>
      {of ? <Ask key={JSON.stringify(of)} of={of} /> : <Empty title={t('request.nothing')}><a class="btn" href="/">{t('nav.wall')}</a></Empty>}
    </main>
  )
}

/** wanted reads #camera=… or #link=… from the address. */
function wanted(): Wanted | undefined {
  const at = new URLSearchParams(location.hash.slice(1))
  const camera = at.get('camera')
  const link = at.get('link')
  return camera ? { camera } : link ? { link } : undefined
}

/** Ask is the button and what comes of it. Asking gives nothing by itself, and tells nothing. */
export function Ask({ of, small }: { of: Wanted; small?: boolean }) {
  const [busy, setBusy] = useState(false)
  const [asked, setAsked] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const run = async (): Promise<void> => {
    if (busy) return
    setBusy(true)
    setProblem(undefined)
    try {
      await requests.ask(of)
      setAsked(true)
    } catch (e) {
      setProblem(asProblem(e))
    } finally {
      setBusy(false)
    }
  }
  if (small) {
    return (
      <>
        {asked ? <span class="meta muted" role="status">{t('request.asked')}</span> : <Button small busy={busy} onClick={() => void run()}>{t('request.act')}</Button>}
        <ProblemNotice problem={problem} />
      </>
    )
  }
  return (
    <section class="ask">
      {asked ? (
        <Notice tone="good" icon="check" live><b>{t('request.asked')}</b> {t('request.asked_text')}</Notice>
      ) : (
        <>
          <p class="muted lead">{t('request.text')}</p>
          <ProblemNotice problem={problem} />
          <Button kind="primary" busy={busy} onClick={() => void run()}>{t('request.act')}</Button>
        </>
      )}
    </section>
  )
}
