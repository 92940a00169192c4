import { useEffect, useState } from 'preact/hooks'
import { open } from '../api/api'
import { asProblem, type Problem } from '../api/problem'
import { t } from '../i18n/i18n'
import { Skeleton } from '../kit/blocks'
import { Notice, ProblemNotice } from '../kit/notice'
import { Heading, useSecret } from './door'

/** Verify proves that an e-mail reaches its person, by the one-time link in the letter. */
export function Verify() {
  const token = useSecret()
  const [state, setState] = useState<'asking' | 'done' | Problem>('asking')
  useEffect(() => {
    setState('asking')
    open.verify(token).then(() => setState('done'), e => setState(asProblem(e)))
  }, [token])
  return (
    <div class="form">
      <Heading title={t('verify.title')} />
      {state === 'asking' && <Skeleton rows={1} />}
      {state === 'done' && <Notice tone="good" live>{t('verify.done')}</Notice>}
      {typeof state === 'object' && <ProblemNotice problem={state} />}
      {state !== 'asking' && <a class="btn primary wide" href="/">{t('verify.next')}</a>}
    </div>
  )
}
