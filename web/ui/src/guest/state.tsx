import type { ComponentChildren } from 'preact'
import { Icon, type IconName } from '../kit/icons'

/** StatePage says what happened and what comes next, in one narrow column. */
export function StatePage({ icon, title, text, facts, children }: { icon: IconName; title: string; text: string; facts?: { name: string; text: string }[]; children?: ComponentChildren }) {
  return (
    <main id="main" class="gst">
      <div class="in">
        <div class="gl"><Icon name={icon} /></div>
        <h1>{title}</h1>
        <p role="status">{text}</p>
        {facts && (
          <dl class="facts">
            {facts.map(f => (
              <div key={f.name}>
                <dt>{f.name}</dt>
                <dd><bdi>{f.text}</bdi></dd>
              </div>
            ))}
          </dl>
        )}
        {children}
      </div>
    </main>
  )
}
