import { useState } from 'preact/hooks'
import { t } from '../i18n/i18n'
import { Loaded } from '../kit/blocks'
import { Chip } from '../kit/chip'
import { Icon } from '../kit/icons'
import { useResource } from '../kit/resource'
import { usage as api } from './api'
import { explained, flag, grouped, isChanged, shown, variable } from './groups'

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
                    {g.limits.map(l => (
                      <li key={l.key}>
                        <div class="grow">
                          <p lang="en" dir="ltr" class="us-help">{explained(l.help)}</p>
                          <p class="dim meta mono us-names" dir="ltr"><span>{l.key}</span> <span>{variable(l.key)}</span> <span>{flag(l.key)}</span></p>
                        </div>
                        {isChanged(l) && <Chip tone="blue">{t('limits.changed', { value: shown(l.default, l.unit) || '–' })}</Chip>}
                        <b class="num us-value"><bdi dir="ltr">{shown(l.value, l.unit) || '–'}</bdi></b>
                      </li>
                    ))}
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
