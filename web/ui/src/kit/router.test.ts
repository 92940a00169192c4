import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { go, match, path, setGuard, startRouter } from './router'

describe('match', () => {
  it.each<[string, string, Record<string, string> | null]>([
    ['/cameras/:id', '/cameras/abc', { id: 'abc' }],
    ['/cameras/:id', '/cameras/abc/', { id: 'abc' }],
    ['/cameras/:id', '/cameras/a%20b', { id: 'a b' }],
    ['/cameras/:id', '/cameras', null],
    ['/cameras/:id', '/cameras/a/b', null],
    ['/cameras/:id', '/cameras/%zz', null],
    ['/', '/', {}],
    ['/a', '/b', null],
  ])('%s with %s', (pattern, p, want) => expect(match(pattern, p)).toEqual(want))
})

describe('router', () => {
  let stop: () => void
  beforeEach(() => {
    history.replaceState(null, '', '/')
    stop = startRouter()
  })
  afterEach(() => {
    stop()
    setGuard(undefined)
    document.body.replaceChildren()
  })
  const link = (href: string, more: Partial<HTMLAnchorElement> = {}): boolean => {
    const a = Object.assign(document.createElement('a'), { href, ...more })
    document.body.append(a)
    const e = new MouseEvent('click', { bubbles: true, cancelable: true, button: 0 })
    // The window hears it last: what the router did, and then no real navigation.
    let ours = false
    addEventListener('click', x => {
      ours = x.defaultPrevented
      x.preventDefault()
    }, { once: true })
    a.dispatchEvent(e)
    return ours
  }

  it('goes and replaces', () => {
    go('/cameras')
    expect(path.value).toBe('/cameras')
    go('/signin', true)
    expect(location.pathname).toBe('/signin')
  })
  it('follows its own links and leaves others to the browser', () => {
    expect(link('/cameras')).toBe(true)
    expect(path.value).toBe('/cameras')
    expect(link('/api/v1/me')).toBe(false)
    expect(link('/s#secret')).toBe(false)
    expect(link('https://elsewhere.example/')).toBe(false)
    expect(link('/settings', { target: '_blank' })).toBe(false)
    expect(path.value).toBe('/cameras')
  })
  it('asks the page before leaving it', () => {
    setGuard(() => false)
    go('/cameras')
    expect(path.value).toBe('/')
    setGuard(() => true)
    go('/cameras')
    expect(path.value).toBe('/cameras')
  })
})
