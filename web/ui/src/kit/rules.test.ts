// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { cameraURL, email, name, networks, password, required, splitLogin } from './rules'

describe('rules of input', () => {
  it('wants something', () => {
    expect(required('  ')).toBe('required')
    expect(required('x')).toBeUndefined()
  })
  it('knows an e-mail', () => {
    for (const ok of ['a@b.cd', ' a.b+c@d.example ', 'demo@localhost', 'ж@пошта.укр']) expect(email(ok), ok).toBeUndefined()
    for (const bad of ['a', 'a@b', '@b.c', 'a b@c.de', 'a@b@c.de']) expect(email(bad), bad).toBe('bad_email')
    expect(email('')).toBe('required')
  })
  it('counts characters of a password and a name, not code units', () => {
    expect(password('123456789')).toBe('weak_password')
    expect(password('1234567890')).toBeUndefined()
    expect(password('😀😀😀😀😀')).toBe('weak_password')
    expect(name('😀'.repeat(60))).toBeUndefined()
    expect(name('x'.repeat(61))).toBe('too_long')
  })
  it('knows a camera address', () => {
    for (const ok of ['rtsp://192.168.1.20/a', 'RTSPS://cam.local:322/x?y=1', ' rtsp://[fe80::1]:554/ ']) expect(cameraURL(ok), ok).toBeUndefined()
    for (const bad of ['http://cam/', 'rtsp://', 'rtsp:///x', 'cam', 'rtsp://a b/']) expect(cameraURL(bad), bad).toBe('bad_url')
  })
  it('takes a login out of a pasted address', () => {
    expect(splitLogin('rtsp://admin:p%40ss:w@cam:554/s')).toEqual({ url: 'rtsp://cam:554/s', user: 'admin', password: 'p@ss:w' })
    expect(splitLogin('rtsp://admin@cam/s')).toEqual({ url: 'rtsp://cam/s', user: 'admin', password: '' })
    expect(splitLogin('rtsp://u:100%@cam/s')).toEqual({ url: 'rtsp://cam/s', user: 'u', password: '100%' })
    expect(splitLogin('rtsp://cam/s?mail=a@b')).toBeNull()
  })
  it('reads networks a line', () => {
    expect(networks('192.168.1.0/24\n 10.0.0.0/8, fd00::/8\n\n')).toEqual(['192.168.1.0/24', '10.0.0.0/8', 'fd00::/8'])
    expect(networks('')).toEqual([])
    for (const bad of ['192.168.1.0', '192.168.1.0/33', '300.1.1.1/8', 'x/8', '::/129']) expect(networks(bad), bad).toBeNull()
  })
})
