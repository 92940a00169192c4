import { send } from '../api/http'

const v1 = '/api/v1'

/** What of a camera can be steered. */
export interface SteerView {
  pan_tilt: boolean
  zoom: boolean
  home: boolean
  presets: readonly { token: string; name: string }[]
}

/** A camera that answered on the server's network. */
export interface Neighbour {
  url: string
  address: string
  name?: string
  hardware?: string
  location?: string
  /** An own camera at this address. */
  camera?: string
  /** Its network is not listed for cameras. */
  denied?: boolean
}

export interface OnvifProfile {
  token: string
  name: string
  codec: string
  width: number
  height: number
  fps: number
  url: string
}

/** What a camera offers by ONVIF. */
export interface OnvifResult {
  url: string
  name: string
  profiles: readonly OnvifProfile[]
  main: string
  sub: string
  ptz: boolean
  events: boolean
  moved?: boolean
}

export interface OnvifAsk {
  url: string
  user: string
  password?: string
  fingerprint?: string
  camera?: string
}

export const onvif = {
  search: () => send<{ devices: Neighbour[] }>('GET', `${v1}/discovery`),
  probe: (b: OnvifAsk) => send<OnvifResult>('POST', `${v1}/onvif/probe`, b),
  steerable: (camera: string) => send<SteerView>('GET', `${v1}/cameras/${encodeURIComponent(camera)}/ptz`),
}
