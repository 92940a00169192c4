import { describe, expect, it } from 'vitest'
import { check } from './camera-form'

describe('camera form', () => {
  it('needs a name and a main stream; the sub stream may be absent but not wrong', () => {
    expect(check({ name: '', main: '', sub: '' })).toEqual({ name: 'required', main: 'required', sub: undefined })
    expect(check({ name: 'Gate', main: 'http://x', sub: 'x' })).toEqual({ name: undefined, main: 'bad_url', sub: 'bad_url' })
    expect(check({ name: 'Gate', main: 'rtsp://c/1', sub: '' })).toEqual({ name: undefined, main: undefined, sub: undefined })
  })
})
