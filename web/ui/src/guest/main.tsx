import { render } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { browserLanguage, setLanguage } from '../i18n/i18n'
import { useAgain } from '../kit/again'
import { GuestPage } from './page'
import { openVisit, type Opening } from './visit'
import '../styles/guest-index.css'

function Root() {
  const [opening, setOpening] = useState<Opening>()
  const open = () => {
    void openVisit().then(async o => {
      // The owner's language; where no visit says whose, the browser's.
      await setLanguage(o.kind === 'visit' ? o.visit.language : browserLanguage()).catch(() => {})
      setOpening(o)
    })
  }
  useEffect(open, [])
  useAgain(opening?.kind === 'failed' ? opening.problem : undefined, open)
  return opening ? <GuestPage opening={opening} /> : null
}

// Another link opened in this tab may differ only behind the #.
addEventListener('hashchange', () => location.reload())
const root = document.getElementById('app')
if (root) render(<Root />, root)
