package testcam

import "testing"

func BenchmarkDraw(b *testing.B) {
	for _, s := range stages() {
		b.Run(s.id, func(b *testing.B) {
			draw, err := s.drawer()
			if err != nil {
				b.Fatal(err)
			}
			c := newCanvas(sceneWidth, sceneHeight)
			for i := 0; b.Loop(); i++ {
				draw(c, i%1500)
			}
		})
	}
}
