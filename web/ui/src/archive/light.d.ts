/** The light build has no declarations of its own; it is the same class with fewer parts. */
declare module 'hls.js/light' {
  export * from 'hls.js'
  export { default } from 'hls.js'
}
