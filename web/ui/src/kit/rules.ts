/** The browser's half of input checks. Each gives a reason code of the server's list, or undefined. */

export function required(s: string): string | undefined {
  return s.trim() === '' ? 'required' : undefined
}

export function email(s: string): string | undefined {
  return required(s) ?? (/^[^\s@]+@[^\s@]+\.[^\s@]+$|^[^\s@]+@localhost$/.test(s.trim()) ? undefined : 'bad_email')
}

/** Length alone: the server knows the rest. */
export function password(s: string): string | undefined {
  return s === '' ? 'required' : [...s].length < 10 ? 'weak_password' : undefined
}

export function name(s: string, max = 60): string | undefined {
  return required(s) ?? ([...s.trim()].length > max ? 'too_long' : undefined)
}

/** rtsp(s)://host…, without a user in it: those have fields of their own. */
export function cameraURL(s: string): string | undefined {
  const m = /^rtsps?:\/\/([^/?#]*)/i.exec(s.trim())
  if (!m) return 'bad_url'
  return m[1] === '' || /\s/.test(s.trim()) ? 'bad_url' : undefined
}

/** splitLogin takes user and password out of a pasted camera URL; null when there are none. */
export function splitLogin(s: string): { url: string; user: string; password: string } | null {
  const m = /^(rtsps?:\/\/)([^/?#]*)@(.*)$/i.exec(s.trim())
  if (!m) return null
  const [, scheme = '', login = '', rest = ''] = m
  const colon = login.indexOf(':')
  const decode = (part: string): string => {
    try {
      return decodeURIComponent(part)
    } catch {
      return part
    }
  }
  return {
    url: scheme + rest,
    user: decode(colon < 0 ? login : login.slice(0, colon)),
    password: colon < 0 ? '' : decode(login.slice(colon + 1)),
  }
}

/** One network in CIDR form a line; gives the list, or null when a line is none. */
export function networks(s: string): string[] | null {
  const lines = s.split(/[\n,]/).map(l => l.trim()).filter(l => l !== '')
  const ok = (l: string): boolean => {
    const [addr = '', bits = ''] = l.split('/')
    if (!/^\d{1,3}$/.test(bits)) return false
    const v4 = /^\d{1,3}(\.\d{1,3}){3}$/.test(addr) && addr.split('.').every(p => Number(p) < 256) && Number(bits) <= 32
    const v6 = addr.includes(':') && /^[0-9a-f:.]+$/i.test(addr) && Number(bits) <= 128
    return v4 || v6
  }
  return lines.every(ok) ? lines : null
}
