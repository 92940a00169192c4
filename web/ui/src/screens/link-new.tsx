import { links as api } from '../api/api'
import type { Camera, Link } from '../api/wire'
import { active, isLang, languages, t } from '../i18n/i18n'
import { Button } from '../kit/button'
import { Check, TextField } from '../kit/field'
import { useForm } from '../kit/form'
import { ProblemNotice } from '../kit/notice'
import * as rules from '../kit/rules'
import { made, OptionFields } from '../share/link-options'
import { checkOptions, noOptions } from '../share/window'
import { zone } from '../state/session'
import { CameraTicks } from './camera-ticks'

/** NewLink creates a share link; the risk is said in plain words and must be accepted. */
export function NewLink({ cameras, onCreated }: { cameras: Camera[]; onCreated(l: Link): void }) {
  const form = useForm(
    { ...noOptions, name: '', cameras: [] as string[], acknowledge_risk: false },
    v => ({
      ...checkOptions(v, zone.value, Date.now()),
      name: rules.name(v.name),
      cameras: v.cameras.length ? undefined : 'choose_camera',
      acknowledge_risk: v.acknowledge_risk ? undefined : 'risk_not_acknowledged',
    }),
    async v => {
      const link = await api.add(v.name.trim(), v.cameras, made(v, zone.value))
      form.set({ ...noOptions, name: '', cameras: [], acknowledge_risk: false })
      onCreated(link)
    },
  )
  const { lang } = active.value
  return (
    <form class="card new-link" onSubmit={form.onSubmit} noValidate>
      <div class="row wrap">
        <h2>{t('links.new')}</h2>
        <span class="sp" />
        <span class="dim meta">{t('links.name_kept')}</span>
      </div>
      <div class="three">
        <div>
          <TextField bound={form.bind('name')} label={t('links.name')} maxLength={60} autoComplete="off" hint={t('links.name_fixed')} />
          <p class="lab">{t('links.language')}</p>
          <p class="muted">{t('links.language_text', { name: isLang(lang) ? languages[lang] : lang })}</p>
        </div>
        <CameraTicks bound={form.bind('cameras')} cameras={cameras} />
        <div>
          <details>
            <summary>{t('link.options')}</summary>
            <OptionFields form={form} zone={zone.value} />
          </details>
          <div class="risk">
            <p><b>{t('links.risk')}</b></p>
            <Check bound={form.bind('acknowledge_risk')} label={t('links.accept')} />
          </div>
          <ProblemNotice problem={form.problem} />
          <Button kind="primary" type="submit" busy={form.busy} extra="wide">{t('links.create')}</Button>
        </div>
      </div>
    </form>
  )
}
