import { Component, h, type ComponentChild, type FunctionComponent } from 'preact'

/** memo draws a component again only when one of its properties or a signal it read has changed. */
export function memo<P extends object>(inner: FunctionComponent<P>): FunctionComponent<P> {
  class Memo extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      const a = this.props as Record<string, unknown>
      const b = next as Record<string, unknown>
      for (const k in b) if (a[k] !== b[k]) return true
      return false
    }

    override render(): ComponentChild {
      return h(inner as FunctionComponent<object>, this.props)
    }
  }
  return Memo as unknown as FunctionComponent<P>
}
