package testcam

import "math"

// person stands at (x, y) (the feet) and is h high; step moves the legs; face
// is -1 or 1.
func person(c *canvas, x, y, h, step, face float64, coat ink) {
	dark := rgb(20, 22, 26)
	c.blob(rgb(6, 7, 9), .5, x, y, h*.22, h*.05, .6)
	swing := math.Sin(step) * h * .13
	for _, s := range []float64{swing, -swing} {
		c.poly(dark, 1, point{x - h*.05, y - h*.46}, point{x + h*.05, y - h*.46}, point{x + s + h*.035, y}, point{x + s - h*.035, y})
	}
	c.poly(coat, 1, point{x - h*.1, y - h*.84}, point{x + h*.1, y - h*.84}, point{x + h*.11, y - h*.42}, point{x - h*.11, y - h*.42})
	for _, s := range []float64{-swing, swing} {
		c.poly(coat, 1, point{x - h*.03, y - h*.8}, point{x + h*.03, y - h*.8}, point{x + s*.8 + h*.02 + face*h*.03, y - h*.45}, point{x + s*.8 - h*.03 + face*h*.03, y - h*.45})
	}
	c.blob(rgb(170, 130, 105), 1, x+face*h*.01, y-h*.92, h*.06, h*.075, .2)
	c.blob(rgb(30, 26, 24), 1, x-face*h*.01, y-h*.95, h*.062, h*.05, .2)
}

// carSide drives along x; (x, y) is the middle of its lower edge, w its length.
func carSide(c *canvas, x, y, w, face float64, paint ink, lights bool) {
	h := w * .3
	c.blob(rgb(5, 6, 8), .55, x, y, w*.55, h*.2, .6)
	c.poly(paint, 1, point{x - w*.5, y - h*.2}, point{x - w*.49, y - h*.55}, point{x - w*.3, y - h*.62}, point{x + w*.32, y - h*.62}, point{x + w*.5, y - h*.5}, point{x + w*.5, y - h*.2})
	c.poly(rgb(24, 30, 38), 1, point{x - w*.3, y - h*.6}, point{x - w*.19, y - h}, point{x + w*.14, y - h}, point{x + w*.3, y - h*.6})
	c.box(paint, 1, x-w*.04, y-h, x-w*.01, y-h*.6)
	for _, wx := range []float64{-.3, .3} {
		c.blob(rgb(12, 12, 13), 1, x+wx*w, y-h*.16, h*.24, h*.24, .1)
		c.blob(rgb(90, 94, 98), 1, x+wx*w, y-h*.16, h*.11, h*.11, .2)
	}
	if lights {
		c.light(rgb(255, 240, 200), .75, x+face*w*.5, y-h*.42, w*.16, h*.4)
		c.light(rgb(255, 230, 180), .35, x+face*w*.9, y-h*.1, w*.6, h*.5)
		c.light(rgb(255, 40, 30), .6, x-face*w*.49, y-h*.45, w*.08, h*.2)
	}
}

// carFront comes towards the camera (or, with away, goes): w is its width.
func carFront(c *canvas, x, y, w float64, paint ink, away bool) {
	h := w * .72
	c.blob(rgb(4, 5, 7), .6, x, y, w*.62, h*.14, .6)
	c.box(rgb(10, 10, 11), 1, x-w*.46, y-h*.25, x-w*.3, y)
	c.box(rgb(10, 10, 11), 1, x+w*.3, y-h*.25, x+w*.46, y)
	c.poly(paint, 1, point{x - w*.5, y - h*.14}, point{x - w*.5, y - h*.5}, point{x - w*.42, y - h*.6}, point{x + w*.42, y - h*.6}, point{x + w*.5, y - h*.5}, point{x + w*.5, y - h*.14})
	c.poly(rgb(22, 28, 36), 1, point{x - w*.41, y - h*.58}, point{x - w*.31, y - h}, point{x + w*.31, y - h}, point{x + w*.41, y - h*.58})
	for _, s := range []float64{-.36, .36} {
		if away {
			c.light(rgb(255, 40, 30), .9, x+s*w, y-h*.42, w*.14, w*.1)
		} else {
			c.light(rgb(255, 244, 215), 1, x+s*w, y-h*.38, w*.3, w*.26)
		}
	}
	if !away {
		c.light(rgb(255, 236, 195), .3, x, y+h*.35, w*1.1, h*.6)
	}
}

// forklift faces the camera's right with face 1; s is its height.
func forklift(c *canvas, x, y, s, face, fork float64) {
	f := func(dx, dy float64) point { return point{x + face*dx*s, y - dy*s} }
	yellow, dark := rgb(224, 158, 24), rgb(24, 24, 26)
	c.blob(rgb(6, 7, 8), .55, x, y, s*.8, s*.1, .6)
	c.poly(dark, 1, f(.5, .05), f(.56, .05), f(.56, 1.15), f(.5, 1.15))
	c.poly(dark, 1, f(.55, .06+fork), f(1.15, .06+fork), f(1.15, .1+fork), f(.55, .1+fork))
	c.poly(rgb(148, 108, 66), 1, f(.6, .1+fork), f(1.1, .1+fork), f(1.1, .5+fork), f(.6, .5+fork))
	c.poly(rgb(120, 86, 52), 1, f(.83, .1+fork), f(.88, .1+fork), f(.88, .5+fork), f(.83, .5+fork))
	c.poly(yellow, 1, f(-.5, .12), f(.48, .12), f(.48, .42), f(.15, .5), f(-.5, .55))
	c.poly(dark, 1, f(-.3, .55), f(-.24, .55), f(-.2, 1.05), f(-.26, 1.05))
	c.poly(dark, 1, f(.3, .45), f(.36, .45), f(.28, 1.05), f(.22, 1.05))
	c.poly(dark, 1, f(-.28, 1.02), f(.3, 1.02), f(.3, 1.09), f(-.28, 1.09))
	c.poly(rgb(60, 92, 140), 1, f(-.12, .5), f(.1, .5), f(.08, .82), f(-.1, .82))
	c.blob(rgb(170, 130, 105), 1, x, y-s*.89, s*.07, s*.08, .2)
	for _, wx := range []float64{-.32, .34} {
		c.blob(dark, 1, x+face*wx*s, y-s*.12, s*.14, s*.14, .1)
		c.blob(rgb(150, 150, 150), 1, x+face*wx*s, y-s*.12, s*.06, s*.06, .2)
	}
}
