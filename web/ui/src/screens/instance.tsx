import { instance as api } from '../api/api'
import type { Instance, Registration } from '../api/wire'
import { t } from '../i18n/i18n'
import { Loaded } from '../kit/blocks'
import { Button } from '../kit/button'
import { Check, SelectField, TextArea } from '../kit/field'
import { useForm } from '../kit/form'
import { ProblemNotice } from '../kit/notice'
import { go } from '../kit/router'
import { useResource, type Resource } from '../kit/resource'
import * as rules from '../kit/rules'
import { Tabs } from '../kit/tabs'
import { toast } from '../kit/toast'
import { lazy } from '../kit/lazy'
import { ConnectionTest } from './connection-test'
import { Accounts } from './instance-accounts'
import { Invitations } from './instance-invitations'
import { StorageTab } from './instance-storage'
import { Settings } from './settings'

const Limits = lazy(() => import('../usage/limits').then(m => m.Limits))

const parts = ['storage', 'accounts', 'invitations', 'limits']

/** InstanceScreen is for the person who runs the server; each part has an address, so that a notice can lead to it. */
export function InstanceScreen({ part }: { part?: string | undefined }) {
  const tab = parts.find(p => p === part) ?? 'server'
  const data = useResource(api.get)
  return (
    <Settings>
      <h1>{t('settings.instance')}</h1>
      <Tabs
        label={t('settings.instance')}
        value={tab}
        onChange={to => go(to === 'server' ? '/settings/instance' : `/settings/instance/${to}`, true)}
        tabs={[
          { id: 'server', text: t('instance.server') },
          { id: 'storage', text: t('storage.title') },
          { id: 'accounts', text: t('instance.accounts') },
          { id: 'invitations', text: t('instance.invitations') },
          { id: 'limits', text: t('limits.title') },
        ]}
      >
        {tab === 'server' && <Loaded of={data}>{i => <Server instance={i} of={data} />}</Loaded>}
        {tab === 'storage' && <StorageTab />}
        {tab === 'accounts' && <Accounts />}
        {tab === 'limits' && <Limits />}
        {tab === 'invitations' && <Invitations mail={data.data?.mail.configured ?? false} />}
      </Tabs>
    </Settings>
  )
}

function Server({ instance: i, of }: { instance: Instance; of: Resource<Instance> }) {
  const form = useForm(
    { registration: i.registration as string, networks: (i.networks ?? []).join('\n'), loopback_cameras: i.loopback_cameras },
    v => ({ networks: rules.networks(v.networks) ? undefined : 'bad_network' }),
    async v => {
      const next = await api.patch({
        registration: v.registration as Registration,
        networks: rules.networks(v.networks) ?? [],
        loopback_cameras: v.loopback_cameras,
      })
      if (next) of.put(next)
      toast(t('instance.saved'))
    },
  )
  return (
    <div class="cards">
      <form class="card form" onSubmit={form.onSubmit} noValidate>
        <h2>{t('instance.rules')}</h2>
        <SelectField
          bound={form.bind('registration')}
          label={t('instance.registration')}
          hint={i.mail.configured ? undefined : t('instance.registration_no_mail')}
          options={[
            { value: 'closed', text: t('registration.closed') },
            { value: 'invite', text: t('registration.invite') },
            ...(i.mail.configured || i.registration === 'open' ? [{ value: 'open', text: t('registration.open') }] : []),
          ]}
        />
        <TextArea bound={form.bind('networks')} label={t('networks.title')} hint={t('networks.hint')} />
        <Check bound={form.bind('loopback_cameras')} label={t('networks.loopback')} hint={t('networks.loopback_hint')} />
        <ProblemNotice problem={form.problem} />
        <div class="acts"><Button kind="primary" type="submit" busy={form.busy}>{t('action.save')}</Button></div>
      </form>
      <section class="card">
        <h2>{t('instance.facts')}</h2>
        <dl class="facts">
          <dt>{t('instance.version')}</dt><dd><bdi dir="ltr">{i.version}</bdi></dd>
          <dt>{t('instance.store')}</dt><dd>{i.store === 'redis' ? 'Redis' : t('instance.store_bolt')}</dd>
          <dt>{t('instance.mail')}</dt><dd>{i.mail.configured ? <bdi dir="ltr">{i.mail.host}</bdi> : t('instance.no_mail')}</dd>
          <dt>{t('instance.url')}</dt><dd>{i.public_url ? <bdi dir="ltr">{i.public_url}</bdi> : t('instance.no_url')}</dd>
        </dl>
      </section>
      <ConnectionTest card />
    </div>
  )
}
