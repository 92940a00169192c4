/**
 * cut lists what can be pressed and does not show its whole text: it is wider
 * than its box, or reaches past the side of the screen. Runs inside the page.
 * What scrolls sideways on purpose (a strip of tabs, a table) may reach past;
 * the circle of new offers carries a word for screen readers only.
 */
export function cut() {
  const strip = e => {
    for (let p = e.parentElement; p; p = p.parentElement) if (/auto|scroll/.test(getComputedStyle(p).overflowX)) return true
    return false
  }
  return [...document.querySelectorAll('button, a.btn, [role=tab], select, .chip')].filter(e => {
    const box = e.getBoundingClientRect()
    if (box.width < 2 || box.height < 2 || e.closest('.vh, [hidden], [inert], .offers') || e.matches('.vh, .skip')) return false
    if (!e.checkVisibility({ visibilityProperty: true, opacityProperty: true })) return false
    const wide = e.tagName !== 'SELECT' && getComputedStyle(e).overflowX !== 'visible' && e.scrollWidth > e.clientWidth + 1
    const past = (box.right > innerWidth + 1 || box.left < -1) && !strip(e)
    const spills = e.tagName !== 'SELECT' && !wide && e.scrollWidth > e.clientWidth + 2 && e.textContent.trim() !== ''
    return wide || past || spills
  }).map(e => `${e.className || e.tagName} “${e.textContent.trim().slice(0, 60)}”`)
}
