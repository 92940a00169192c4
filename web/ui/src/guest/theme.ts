/** applyGuestTheme follows the system; a guest has no settings and nothing is kept. */
export function applyGuestTheme(): void {
  const light = matchMedia('(prefers-color-scheme: light)')
  const apply = (): void => {
    document.documentElement.dataset.theme = light.matches ? 'light' : 'dark'
  }
  light.addEventListener('change', apply)
  apply()
}
