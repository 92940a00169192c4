/**
 * copy puts text on the clipboard. Pages on plain HTTP have no clipboard API,
 * so there the text is selected and the browser's own command does it.
 * False when neither works: the caller shows the text to be copied by hand.
 */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const area = document.createElement('textarea')
    area.value = text
    area.setAttribute('readonly', '')
    area.className = 'vh'
    ;(document.querySelector('dialog[open]') ?? document.body).append(area)
    area.select()
    const done = document.execCommand('copy')
    area.remove()
    return done
  }
}
