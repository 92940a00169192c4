import { defineConfig } from 'vitest/config'

export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.{ts,tsx}'],
    restoreMocks: true,
    // What a test imports is compiled within its time, on machines that have little of it.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
