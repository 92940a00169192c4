import { signal } from '@preact/signals'
import { account } from '../state/session'
import type { Grid } from '../wall/grid'
import { every, type Device } from './resolve'

/**
 * What this device alone is set to, kept in its browser by account: the view it
 * opens on instead of the account's default (row R98), and the grid in which it
 * shows every camera. A browser that keeps nothing forgets it on leaving.
 */
interface Here {
  view?: string
  grid?: Grid
}

const version = signal(0)
const memory = new Map<string, string>()

function key(device: Device): string {
  return `sightline.wall.${account.peek()?.id ?? ''}.${device}`
}

function read(device: Device): Here {
  void version.value // reading it subscribes
  try {
    const text = memory.get(key(device)) ?? localStorage.getItem(key(device))
    const h = text ? (JSON.parse(text) as Here | null) : null
    return h && typeof h === 'object' ? h : {}
  } catch {
    return {}
  }
}

function write(device: Device, h: Here): void {
  const text = JSON.stringify(h)
  memory.set(key(device), text)
  try {
    localStorage.setItem(key(device), text)
  } catch {
    // It stays for as long as the page does.
  }
  version.value++
}

/** viewHere is the view this device opens on, when it has one of its own. Reading it subscribes. */
export function viewHere(device: Device): string | undefined {
  const { view } = read(device)
  return typeof view === 'string' ? view : undefined
}

/** setViewHere sets or, with undefined, forgets it. */
export function setViewHere(device: Device, view: string | undefined): void {
  const { grid } = read(device)
  write(device, { ...(grid && { grid }), ...(view !== undefined && { view }) })
}

/** gridHere is the grid chosen for every camera; undefined picks one by their number. */
export function gridHere(device: Device): Grid | undefined {
  const g = read(device).grid
  const side = (n: unknown): boolean => Number.isInteger(n) && Number(n) >= 1 && Number(n) <= 4
  return g && side(g.rows) && side(g.columns) ? { rows: g.rows, columns: g.columns, ...(g.big === true && g.rows === 3 && g.columns === 3 && { big: true }) } : undefined
}

export function setGridHere(device: Device, grid: Grid | undefined): void {
  const { view } = read(device)
  write(device, { ...(view !== undefined && { view }), ...(grid && { grid }) })
}

const chosen = signal<{ account: string; view: string } | undefined>(undefined)

/** chosenView is what was chosen last in this page: leaving the wall and coming back shows it again. */
export function chosenView(): string | undefined {
  return chosen.value?.account === (account.value?.id ?? '') ? chosen.value.view : undefined
}

export function chooseView(view: string = every): void {
  chosen.value = { account: account.peek()?.id ?? '', view }
}
