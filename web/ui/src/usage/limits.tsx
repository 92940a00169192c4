import { useState } from 'preact/hooks'
import { t } from '../i18n/i18n'
import { Loaded } from '../kit/blocks'
import { Chip } from '../kit/chip'
import { Icon } from '../kit/icons'
import { useResource } from '../kit/resource'
import { usage as api, type Limit } from './api'
import { flag, grouped, isChanged, said, variable } from './groups'
import { readable } from './values'

/** Limits is what the server allows now, to be read: it is changed where the server is started. */
export function Limits() {
  const data = useResource(() => api.limits().then(r => r.limits))
  const [query, setQuery] = useState('')
  return (
    <>
      <p class="muted us-how">{t('limits.how')}</p>
      <Loaded of={data} rows={6}>
        {all => {
          const groups = grouped(all, query)
          const changed = all.filter(isChanged).length
          return (
            <>
              <div class="row wrap us-find">
                <label class="us-search">
                  <span class="vh">{t('limits.search')}</span>
                  <Icon name="search" small />
                  <input class="fld" type="search" value={query} placeholder={t('limits.search')} autoComplete="off" spellcheck={false} onInput={e => setQuery(e.currentTarget.value)} />
                </label>
                <span class="dim meta" role="status">{query ? t('limits.found', { n: groups.reduce((n, g) => n + g.limits.length, 0) }) : t('limits.changed_n', { n: changed })}</span>
              </div>
              {groups.length === 0 && <p class="none">{t('limits.none')}</p>}
              {groups.map(g => (
                <section key={g.title} class="block us-limits">
                  <h2>{t(g.title)}</h2>
                  <ul>
                    {g.limits.map(l => <Row key={l.key} limit={l} />)}
                  </ul>
                </section>
              ))}
            </>
          )
        }}
      </Loaded>
    </>
  )
}

/** One limit; as it is written in the configuration its value is the tip of what is read. */
function Row({ limit: l }: { limit: Limit }) {
  const { text, english } = said(l)
  return (
    <li>
      <div class="grow">
        <p class="us-help" {...(english ? { lang: 'en', dir: 'ltr' as const } : {})}>{text}</p>
        <p class="dim meta mono us-names" dir="ltr"><code>{l.key}</code> <code>{variable(l.key)}</code> <code>{flag(l.key)}</code></p>
      </div>
      {isChanged(l) && <Chip tone="blue">{t('limits.changed', { value: readable(l.default, l.unit) || '–' })}</Chip>}
      <b class="num us-value" title={l.value}><bdi>{readable(l.value, l.unit) || '–'}</bdi></b>
    </li>
  )
}
