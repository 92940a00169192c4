import { beforeEach, describe, expect, it } from 'vitest'
import en from '../../../../internal/i18n/catalogues/en.json'
import { useTexts } from '../i18n/i18n'
import { delayText } from './layer'

describe('ruling 15: what a delay is made of', () => {
  beforeEach(() => useTexts('en', en))
  it('names the camera\'s own part only where it is known', () => {
    expect(delayText({})).toBe('')
    expect(delayText({ delay: 240 })).toBe('240 ms from the server to your screen')
    expect(delayText({ delay: 1640, cameraDelay: 1400 })).toBe('1.6 s from the camera to your screen, 1.4 s of it in the camera')
  })
})
