import type { JSX } from 'preact'

/** Drawn on 16 by 16, in the colour of the text around them. Always beside a word or under a label, never alone. */
const shapes = {
  live: <><circle cx="8" cy="8" r="3.2" fill="currentColor" stroke="none"/><path d="M3.2 12.8a6.8 6.8 0 0 1 0-9.6M12.8 3.2a6.8 6.8 0 0 1 0 9.6"/></>,
  connecting: <><path d="M8 1.8a6.2 6.2 0 1 1-6.2 6.2"/></>,
  stalled: <><circle cx="8" cy="8" r="6.2"/><path d="M6.3 5.6v4.8M9.7 5.6v4.8"/></>,
  reconnecting: <><path d="M13.6 6.4A6 6 0 0 0 3 4.4L2 5.6M2.4 9.6A6 6 0 0 0 13 11.6l1-1.2M2 2.4v3.2h3.2M14 13.6v-3.2h-3.2"/></>,
  offline: <><path d="M2 2l12 12M6 3.4A6.4 6.4 0 0 1 14 6.6M2 6.6A8 8 0 0 1 4 5M5 9.6a4 4 0 0 1 2.2-1"/><circle cx="8" cy="12.4" r=".9" fill="currentColor"/></>,
  power: <><path d="M8 1.8v5.4M4.4 4.2a5.4 5.4 0 1 0 7.2 0"/></>,
  clock: <><circle cx="8" cy="8" r="6.2"/><path d="M8 4.4V8l2.6 1.6"/></>,
  lock: <><rect x="3" y="7" width="10" height="6.6" rx="1.2"/><path d="M5.2 7V5a2.8 2.8 0 0 1 5.6 0v2"/></>,
  exit: <><path d="M9.6 2.4H3v11.2h6.6M7 8h7.2M11.6 5.2L14.4 8l-2.8 2.8"/></>,
  image: <><rect x="1.8" y="2.8" width="12.4" height="10.4" rx="1.4"/><path d="M2.2 11l3.4-3.2 2.6 2.4 2.2-1.8 3.4 2.8"/><circle cx="10.4" cy="5.9" r="1"/></>,
  pause: <><path d="M5.4 3.2v9.6M10.6 3.2v9.6" stroke-width="2"/></>,
  codec: <><rect x="1.8" y="3.2" width="12.4" height="9.6" rx="1.2"/><path d="M5.8 6l4.4 4M10.2 6l-4.4 4"/></>,
  shared: <><circle cx="6" cy="5.4" r="2.6"/><path d="M1.4 13.4c.3-2.8 2.2-4.4 4.6-4.4s4.3 1.6 4.6 4.4M12.6 5v5M10.1 7.5h5"/></>,
  mute: <><path d="M2 6v4h2.6L8 12.8V3.2L4.6 6zM10.8 6.2l3.6 3.6M14.4 6.2l-3.6 3.6"/></>,
  sound: <><path d="M2 6v4h2.6L8 12.8V3.2L4.6 6zM10.6 5.8a3 3 0 0 1 0 4.4M12.6 3.8a6 6 0 0 1 0 8.4"/></>,
  full: <><path d="M2.4 6V2.4H6M10 2.4h3.6V6M13.6 10v3.6H10M6 13.6H2.4V10"/></>,
  more: <><circle cx="3" cy="8" r="1.2" fill="currentColor" stroke="none"/><circle cx="8" cy="8" r="1.2" fill="currentColor" stroke="none"/><circle cx="13" cy="8" r="1.2" fill="currentColor" stroke="none"/></>,
  down: <><path d="M4 6l4 4 4-4"/></>,
  right: <><path d="M6 4l4 4-4 4"/></>,
  left: <><path d="M10 4L6 8l4 4"/></>,
  close: <><path d="M3.6 3.6l8.8 8.8M12.4 3.6l-8.8 8.8"/></>,
  check: <><path d="M3 8.4l3.2 3.2L13 4.6"/></>,
  copy: <><rect x="5.4" y="5.4" width="8.2" height="8.2" rx="1.2"/><path d="M10.6 5.2V2.4H2.4v8.2h2.8"/></>,
  play: <><path d="M4.6 3v10l8-5z"/></>,
  gear: <><path d="M6.83 3.14L7.06 1.37L8.94 1.37L9.17 3.14L10.61 3.74L12.02 2.64L13.36 3.98L12.26 5.39L12.86 6.83L14.63 7.06L14.63 8.94L12.86 9.17L12.26 10.61L13.36 12.02L12.02 13.36L10.61 12.26L9.17 12.86L8.94 14.63L7.06 14.63L6.83 12.86L5.39 12.26L3.98 13.36L2.64 12.02L3.74 10.61L3.14 9.17L1.37 8.94L1.37 7.06L3.14 6.83L3.74 5.39L2.64 3.98L3.98 2.64L5.39 3.74z"/><circle cx="8" cy="8" r="2.1"/></>,
  screen: <><path d="M1.8 2.8h12.4v8H1.8zM8 10.8v2.6M5 13.4h6"/></>,
  wall: <><path d="M1.8 2.8h12.4v10.4H1.8zM1.8 8h12.4M6 2.8v10.4M10.1 2.8v10.4"/></>,
  camera: <><path d="M2 4.6l9-2 1.2 5-9 2zM5 9.2v3.4h-3M12.2 4.2l2-.4.6 2.6-2 .4"/></>,
  eye: <><path d="M1.4 8S3.8 3.6 8 3.6 14.6 8 14.6 8 12.2 12.4 8 12.4 1.4 8 1.4 8z"/><circle cx="8" cy="8" r="2"/></>,
  plus: <><path d="M8 3v10M3 8h10"/></>,
  trash: <><path d="M2.6 4.4h10.8M6.2 4.2V2.4h3.6v1.8M4 4.4l.7 9.2h6.6l.7-9.2M6.6 7v4M9.4 7v4"/></>,
  mail: <><rect x="1.8" y="3.2" width="12.4" height="9.6" rx="1.2"/><path d="M2.2 4.4L8 9l5.8-4.6"/></>,
  qr: <><path d="M2.4 2.4h4v4h-4zM9.6 2.4h4v4h-4zM2.4 9.6h4v4h-4zM9.6 9.6h1.6M13.6 9.6v1.6M9.6 13.6v-1.6h1.6M13.6 13.6h-1.2"/></>,
  search: <><circle cx="7" cy="7" r="4.6"/><path d="M10.4 10.4l3.4 3.4"/></>,
  wait: <><path d="M4 1.8h8M4 14.2h8M4.6 2v2.4L8 8l3.4-3.6V2M4.6 14v-2.4L8 8l3.4 3.6V14"/></>,
  undo: <><path d="M3 6h6.6a3.6 3.6 0 0 1 0 7.2H6M5.6 3.2L2.8 6l2.8 2.8"/></>,
  warn: <><path d="M8 2.2L14.6 13.6H1.4zM8 6.4v3.4"/><circle cx="8" cy="11.6" r=".6" fill="currentColor"/></>,
  globe: <><circle cx="8" cy="8" r="6.2"/><path d="M1.8 8h12.4M8 1.8c4 4 4 8.4 0 12.4M8 1.8c-4 4-4 8.4 0 12.4"/></>,
  keyboard: <><rect x="1.4" y="3.8" width="13.2" height="8.4" rx="1.2"/><path d="M4 6.4h.1M7 6.4h.1M10 6.4h.1M12.4 6.4h.1M5 9.6h6"/></>,
  bell: <><path d="M3.4 11.6c1-1 1.2-2.2 1.2-4.4a3.4 3.4 0 0 1 6.8 0c0 2.2.2 3.4 1.2 4.4zM6.6 13.8h2.8"/></>,
  belloff: <><path d="M3.4 11.6c1-1 1.2-2.2 1.2-4.4 0-.8.3-1.5.7-2M7 4a3.4 3.4 0 0 1 4.4 3.2c0 2.2.2 3.4 1.2 4.4H6.8M6.6 13.8h2.8M2 2l12 12"/></>,
  archive: <><path d="M2 3h12v3H2zM3 6v7.4h10V6M6.4 8.8h3.2"/></>,
  download: <><path d="M8 2.2v7.6M4.8 7L8 10.2 11.2 7M2.6 13.4h10.8"/></>,
  refresh: <><path d="M13.4 8a5.4 5.4 0 1 1-1.6-3.8l1.6 1.6M13.4 2.4v3.4H10"/></>,
  star: <><path d="M8 2l1.8 3.9 4.2.5-3.1 2.9.8 4.2L8 11.4l-3.7 2.1.8-4.2L2 6.4l4.2-.5z"/></>,
  tag: <><path d="M2.4 2.4h5.2l6 6-5.2 5.2-6-6z"/><circle cx="5.2" cy="5.2" r=".9" fill="currentColor"/></>,
  filter: <><path d="M2 3.6h12M4.4 8h7.2M6.6 12.4h2.8"/></>,
  info: <><circle cx="8" cy="8" r="6.2"/><path d="M8 7.4v3.8"/><circle cx="8" cy="5" r=".6" fill="currentColor"/></>,
  zoom: <><circle cx="7" cy="7" r="4.6"/><path d="M10.4 10.4l3.4 3.4M7 5v4M5 7h4"/></>,
  zoomout: <><circle cx="7" cy="7" r="4.6"/><path d="M10.4 10.4l3.4 3.4M5 7h4"/></>,
  frameback: <><path d="M10.6 3.4v9.2L4.6 8zM12.8 3.4v9.2"/></>,
  framenext: <><path d="M5.4 3.4v9.2l6-4.6zM3.2 3.4v9.2"/></>,
  eventback: <><path d="M8.6 4L4.6 8l4 4M12 3v10" /></>,
  eventnext: <><path d="M7.4 4l4 4-4 4M4 3v10" /></>,
  rangefrom: <><path d="M7 3H4v10h3M9 8h5M11.6 5.6L9 8l2.6 2.4"/></>,
  rangeto: <><path d="M9 3h3v10H9M7 8H2M4.4 5.6L7 8l-2.6 2.4"/></>,
  up: <><path d="M8 13V3M4 7l4-4 4 4"/></>,
  steer: <><circle cx="8" cy="8" r="1.6"/><path d="M8 1.4v2.8M6.4 2.8L8 1.4l1.6 1.4M8 14.6v-2.8M6.4 13.2L8 14.6l1.6-1.4M1.4 8h2.8M2.8 6.4L1.4 8l1.4 1.6M14.6 8h-2.8M13.2 6.4L14.6 8l-1.4 1.6"/></>,
  grip: <><g fill="currentColor" stroke="none"><circle cx="6" cy="3.4" r="1.2"/><circle cx="10" cy="3.4" r="1.2"/><circle cx="6" cy="8" r="1.2"/><circle cx="10" cy="8" r="1.2"/><circle cx="6" cy="12.6" r="1.2"/><circle cx="10" cy="12.6" r="1.2"/></g></>,
  grid: <><path d="M2 2.4h5v5H2zM9 2.4h5v5H9zM2 9.4h5v4.2H2zM9 9.4h5v4.2H9z"/></>,
  swap: <><path d="M2.4 5.4h10.4M10.2 2.6L13 5.4l-2.8 2.8M13.6 10.8H3.2M5.8 8L3 10.8l2.8 2.8"/></>,
  none: <><circle cx="8" cy="8" r="6.2"/><path d="M3.8 12.2l8.4-8.4"/></>,
} satisfies Record<string, JSX.Element>

export type IconName = keyof typeof shapes

/** Icons that point somewhere turn round in right-to-left pages; pictures of things do not. */
const directed = new Set<IconName>(['left', 'right', 'exit'])

export function Icon({ name, small }: { name: IconName; small?: boolean }) {
  const cls = `i${small ? ' s' : ''}${directed.has(name) ? ' flip' : ''}`
  return (
    <svg class={cls} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {shapes[name]}
    </svg>
  )
}

/** The mark: two corners of a frame and a line of sight that ends in a point. */
export function Logo() {
  return (
    <svg class="logo" width="22" height="22" viewBox="0 0 22 22" aria-hidden="true" focusable="false">
      <path d="M2 7V3.5A1.5 1.5 0 0 1 3.5 2H7M20 15v3.5a1.5 1.5 0 0 1-1.5 1.5H15M2 11h9" />
      <circle cx="14.5" cy="11" r="3.2" />
    </svg>
  )
}
