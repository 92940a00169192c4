import { useState } from 'preact/hooks'
import { cameras } from '../api/api'
import { notices, offers } from '../api/sharing'
import { asProblem, type Problem } from '../api/problem'
import type { ID } from '../api/wire'
import { t } from '../i18n/i18n'
import { Empty, Loaded } from '../kit/blocks'
import { Switch } from '../kit/choice'
import { Growing } from '../kit/growing'
import { Icon } from '../kit/icons'
import { ProblemNotice } from '../kit/notice'
import { announce, useResource, type Resource } from '../kit/resource'

/** useMuted is the cameras this person is not told about but in the list. */
export function useMuted(): Resource<ReadonlySet<ID>> {
  return useResource<ReadonlySet<ID>>(() => notices.list().then(r => new Set(r.muted)), ['muted', 'notices'])
}

interface Told {
  problem: Problem | undefined
  set(camera: ID, told: boolean): void
}

/** useTold changes for whom one is told; it holds at once, and a refusal puts it back. */
function useTold(of: Resource<ReadonlySet<ID>>): Told {
  const [problem, setProblem] = useState<Problem>()
  const set = async (camera: ID, told: boolean): Promise<void> => {
    const before = of.data ?? new Set<ID>()
    const after = new Set(before)
    if (told) after.delete(camera)
    else after.add(camera)
    setProblem(undefined)
    of.put(after)
    try {
      await notices.mute(camera, !told)
      announce('muted')
    } catch (e) {
      of.put(before)
      setProblem(asProblem(e))
    }
  }
  return { problem, set: (c, told) => void set(c, told) }
}

/** Muted is the mark of a camera one is not told about. */
export function Muted() {
  return <span class="share dim" role="img" aria-label={t('mute.mark')} title={t('mute.mark')}><Icon name="belloff" small /></span>
}

/** MuteCamera is the switch on a camera's page. */
export function MuteCamera({ camera }: { camera: ID }) {
  const muted = useMuted()
  const told = useTold(muted)
  return (
    <Loaded of={muted} rows={1}>
      {set => (
        <>
          <Switch label={t('mute.tell')} hint={<>{t('mute.hint')} <a href="/settings/notices">{t('notices.settings')}</a></>} checked={!set.has(camera)} onChange={on => told.set(camera, on)} />
          <ProblemNotice problem={told.problem} />
        </>
      )}
    </Loaded>
  )
}

/** MuteSection is that of an own camera's page. */
export function MuteSection({ camera }: { camera: ID }) {
  return (
    <section class="block rc-part" aria-labelledby="told">
      <h2 id="told">{t('nav.notices')}</h2>
      <MuteCamera camera={camera} />
    </section>
  )
}

interface Row {
  id: ID
  name: string
  /** Of whom one has it; none of an own one. */
  owner?: string
}

/** rows are the cameras whose notices reach this person: own ones, then those given with the level. */
async function rows(): Promise<Row[]> {
  const [mine, given] = await Promise.all([cameras.list(), offers.list()])
  const own: Row[] = mine.cameras.filter(c => c.mine).map(c => ({ id: c.id, name: c.name }))
  const others: Row[] = given.offers.filter(o => o.state === 'accepted' && o.levels.includes('notices')).map(o => ({ id: o.camera.id, name: o.camera.name, owner: o.owner.name }))
  return [...own, ...others]
}

/** MutePart is all cameras in the settings of notices. */
export function MutePart() {
  const list = useResource(rows, ['cameras', 'offers'])
  const muted = useMuted()
  const told = useTold(muted)
  return (
    <section class="block no-part" aria-labelledby="muted">
      <h2 id="muted">{t('mute.title')}</h2>
      <p class="muted">{t('mute.text')}</p>
      <ProblemNotice problem={told.problem} />
      <Loaded of={list} rows={3}>
        {all => (
          <Loaded of={muted} rows={3}>
            {set => all.length === 0
              ? <Empty title={t('mute.none')} />
              : <>
                  {all.some(c => set.has(c.id)) && <p class="meta dim" role="status">{t('mute.n', { n: all.filter(c => set.has(c.id)).length })}</p>}
                  <Growing rows={all}>
                    {shown => (
                      <ul class="no-mute">
                        {shown.map(c => (
                          <li key={c.id}>
                            <Switch
                              label={<><bdi>{c.name}</bdi>{c.owner && <span class="meta dim">{t('cameras.owner', { name: c.owner })}</span>}</>}
                              checked={!set.has(c.id)}
                              onChange={on => told.set(c.id, on)}
                            />
                          </li>
                        ))}
                      </ul>
                    )}
                  </Growing>
                </>}
          </Loaded>
        )}
      </Loaded>
    </section>
  )
}
