import { useRef, useState } from 'preact/hooks'
import { cameraGroups, type SharedGroup } from '../api/access'
import { asProblem, type Problem } from '../api/problem'
import type { Camera } from '../api/wire'
import { t } from '../i18n/i18n'
import { Empty, Loaded } from '../kit/blocks'
import { Segmented, Switch } from '../kit/choice'
import { Confirm } from '../kit/dialog'
import { ProblemNotice } from '../kit/notice'
import { announce, type Resource } from '../kit/resource'

const held = (g: SharedGroup, c: Camera) => g.cameras.find(x => x.id === c.id)

/** Groups shares a camera into groups one may share into; each switch takes effect at once. */
export function Groups({ camera, of }: { camera: Camera; of: Resource<{ groups: SharedGroup[] }> }) {
  const [asking, ask] = useState<SharedGroup>()
  const [problem, setProblem] = useState<Problem>()
  const before = useRef<Promise<void>>(Promise.resolve())
  /** run does one thing after the other, as they were chosen. */
  const run = (act: () => Promise<unknown>): void => {
    setProblem(undefined)
    before.current = before.current.then(act).then(() => {}, e => setProblem(asProblem(e))).then(() => {
      announce('groups')
      announce('cameras')
    })
  }
  /** choose shows the choice at once: until the list is loaded again the old one would stand there. */
  const choose = (groups: SharedGroup[], group: SharedGroup, images_only: boolean): void => {
    of.put({ groups: groups.map(g => g.id === group.id ? { ...g, cameras: g.cameras.map(c => c.id === camera.id ? { ...c, images_only } : c) } : g) })
    run(() => cameraGroups.share(group.id, camera.id, images_only))
  }
  return (
    <Loaded of={of} rows={2}>
      {({ groups }) => {
        const mine = groups.filter(g => g.role !== 'viewer')
        const first = !mine.some(g => held(g, camera))
        if (mine.length === 0) return <Empty title={t('share.no_groups')} />
        return (
          <>
            <p class="muted lead">{t('share.groups_text')}</p>
            <ProblemNotice problem={problem} />
            <ul class="grows">
              {mine.map(g => {
                const has = held(g, camera)
                return (
                  <li key={g.id}>
                    <Switch
                      label={<b><bdi>{g.name}</bdi></b>}
                      hint={t('share.participants', { n: g.participants })}
                      checked={!!has}
                      onChange={on => { if (!on) run(() => cameraGroups.unshare(g.id, camera.id)); else if (first) ask(g); else run(() => cameraGroups.share(g.id, camera.id, false)) }}
                    />
                    <span class="sp" />
                    {has && (
                      <Segmented
                        label={t('share.what_of', { name: g.name })}
                        value={has.images_only ? 'images' : 'live'}
                        options={[{ value: 'live', text: t('share.live_images') }, { value: 'images', text: t('share.images_only') }]}
                        onChange={v => choose(groups, g, v === 'images')}
                      />
                    )}
                  </li>
                )
              })}
            </ul>
            {asking && (
              <Confirm
                title={t('share.first_title', { name: asking.name })}
                verb={t('share.first_act')}
                onClose={() => ask(undefined)}
                act={async () => {
                  await cameraGroups.share(asking.id, camera.id, false)
                  announce('groups')
                  announce('cameras')
                }}
              >
                <p>{t('share.first_text')}</p>
                <p>{t('groups.no_recall')}</p>
              </Confirm>
            )}
          </>
        )
      }}
    </Loaded>
  )
}
