import { describe, expect, it } from 'vitest'
import { t } from '../i18n/i18n'
import { nameOf } from './wall'

describe('view menu', () => {
  it('calls every view something, the one an account begins with too', () => {
    expect(nameOf(undefined)).toBe(t('wall.all_cameras'))
    expect(nameOf({ name: '' })).toBe(t('wall.first_camera'))
    expect(nameOf({ name: 'Yard' })).toBe('Yard')
  })
})
