#!/usr/bin/env python3
"""Draws the pictures of the sample shop: python3 demo/data/draw.py

Each is 128 by 128 pixels, flat, a few kilobytes, and the same bytes every time. Only the standard library
is used. A drawing is a list of shapes on a square of 128 by 128; y goes down.
"""

import math
import os
import struct
import zlib

SIDE = 128
# Each pixel is the mean of so many by so many points, which makes edges smooth.
POINTS = 4
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pictures")

PAPER, CLOUD, SAND, MINT, SKY, ROSE, DUSK = (
    "f4ead8", "e6eaef", "eedfc6", "dcead9", "d7e6ee", "f2dcd6", "dfdbe8")
INK, WOOD, DARK_WOOD, BAMBOO, BRASS, STEEL, IRON = (
    "2c2f3a", "b98552", "8a5c36", "d9b877", "c9a14a", "c3cbd3", "3d4148")
WHITE, CREAM, CLAY, DARK_CLAY, INDIGO, LEAF, RED, COPPER = (
    "fdfbf6", "f3e8cf", "b5593c", "8f4229", "35507f", "6f9a52", "c2473d", "c77b4c")


class Drawing:
    def __init__(self, ground, halo):
        self.rows = [[colour(ground)] * (SIDE * POINTS) for _ in range(SIDE * POINTS)]
        self.ellipse(64, 64, 54, 54, halo)

    def fill(self, at, spans, shade):
        row, most = self.rows[at], SIDE * POINTS
        for left, right in spans:
            left, right = max(0, round(left * POINTS)), min(most, round(right * POINTS))
            if right > left:
                row[left:right] = [shade] * (right - left)

    def polygon(self, points, paint):
        shade = colour(paint)
        top, bottom = min(y for _, y in points), max(y for _, y in points)
        for at in range(max(0, int(top * POINTS)), min(SIDE * POINTS, int(bottom * POINTS) + 1)):
            y, crossings = (at + 0.5) / POINTS, []
            for (x0, y0), (x1, y1) in zip(points, points[1:] + points[:1]):
                if (y0 <= y) != (y1 <= y):
                    crossings.append(x0 + (y - y0) * (x1 - x0) / (y1 - y0))
            crossings.sort()
            self.fill(at, zip(crossings[::2], crossings[1::2]), shade)

    def ellipse(self, x, y, across, down, paint, begin=0, end=360):
        """The part of an ellipse between two angles; 0 is right and 90 is down."""
        self.polygon(curve(x, y, across, down, begin, end), paint)

    def ring(self, x, y, across, down, width, paint, begin=0, end=360):
        outer = curve(x, y, across + width / 2, down + width / 2, begin, end)
        inner = curve(x, y, across - width / 2, down - width / 2, begin, end)
        self.polygon(outer + inner[::-1], paint)

    def box(self, left, top, right, bottom, paint, round_by=0):
        r, points = round_by, []
        for x, y, begin in [(right - r, top + r, -90), (right - r, bottom - r, 0),
                            (left + r, bottom - r, 90), (left + r, top + r, 180)]:
            points += curve(x, y, r, r, begin, begin + 90)
        self.polygon(points, paint)

    def line(self, x0, y0, x1, y1, width, paint):
        angle = math.degrees(math.atan2(y1 - y0, x1 - x0))
        self.polygon(curve(x1, y1, width / 2, width / 2, angle - 90, angle + 90)
                     + curve(x0, y0, width / 2, width / 2, angle + 90, angle + 270), paint)

    def shadow(self, across=36, y=104):
        self.ellipse(64, y, across, 5, "cbbfae")

    def png(self):
        rows = [[mean(self.rows, x, y) for x in range(SIDE)] for y in range(SIDE)]
        palette = sorted({pixel for row in rows for pixel in row})
        if len(palette) <= 256:
            place = {pixel: at for at, pixel in enumerate(palette)}
            kind, lines = 3, [bytes(place[pixel] for pixel in row) for row in rows]
            colours = chunk(b"PLTE", b"".join(bytes(pixel) for pixel in palette))
        else:
            kind, lines, colours = 2, [bytes(part for pixel in row for part in pixel) for row in rows], b""
        header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, kind, 0, 0, 0)
        packed = zlib.compress(b"".join(b"\0" + line for line in lines), 9)
        return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + colours + chunk(b"IDAT", packed)
                + chunk(b"IEND", b""))


def colour(text):
    return tuple(int(text[at:at + 2], 16) for at in (0, 2, 4))


def curve(x, y, across, down, begin, end):
    steps = max(2, round(abs(end - begin) / 4))
    angles = [math.radians(begin + (end - begin) * step / steps) for step in range(steps + 1)]
    return [(x + across * math.cos(angle), y + down * math.sin(angle)) for angle in angles]


def turned(points, angle, x=64, y=64):
    sine, cosine = math.sin(math.radians(angle)), math.cos(math.radians(angle))
    return [(x + (px - x) * cosine - (py - y) * sine, y + (px - x) * sine + (py - y) * cosine)
            for px, py in points]


def mean(rows, x, y):
    points = [pixel for row in rows[y * POINTS:(y + 1) * POINTS] for pixel in row[x * POINTS:(x + 1) * POINTS]]
    # To multiples of eight, so that a drawing has few colours and packs well.
    return tuple(min(255, (sum(part) // len(points) + 4) // 8 * 8) for part in zip(*points))


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def tea(paint, leaf):
    d = Drawing(MINT, "eef5ea")
    d.shadow(30)
    d.polygon([(38, 34), (90, 34), (94, 102), (34, 102)], paint)
    d.polygon([(38, 22), (90, 22), (90, 36), (38, 36)], "e9dcc0")
    d.line(38, 36, 90, 36, 2, "cdbb95")
    d.ellipse(64, 70, 19, 19, CREAM)
    d.polygon(curve(64, 84, 24, 24, 222, 278) + curve(64, 56, 24, 24, 42, 98), leaf)
    d.line(56, 78, 73, 60, 1.6, CREAM)
    return d


def teapot():
    d = Drawing(PAPER, "fbf5ea")
    d.shadow(34)
    d.line(84, 70, 112, 56, 9, DARK_CLAY)
    d.polygon([(40, 62), (18, 52), (16, 58), (36, 82)], CLAY)
    d.ellipse(60, 76, 32, 27, CLAY)
    d.ellipse(60, 53, 21, 7, DARK_CLAY)
    d.ellipse(60, 50, 19, 6, CLAY)
    d.ellipse(60, 42, 5, 5, DARK_CLAY)
    d.ring(60, 76, 24, 20, 2.5, "cd7a5e", 200, 260)
    return d


def whisk():
    d = Drawing(SAND, "f8f0e0")
    d.shadow(26)
    d.polygon([(52, 58), (76, 58), (92, 100), (36, 100)], BAMBOO)
    for at in range(11):
        d.line(54 + at * 2, 58, 38 + at * 5.2, 99, 1, "b8934f")
    d.box(50, 20, 78, 60, "c9a45f", 4)
    d.line(50, 46, 78, 46, 2, INK)
    d.line(50, 52, 78, 52, 2, INK)
    d.line(58, 24, 58, 40, 2, "dcbf84")
    return d


def bowl(glaze, inside):
    d = Drawing(DUSK, "eeecf4")
    d.shadow(30)
    d.box(52, 94, 76, 104, "9b8f86", 2)
    d.ellipse(64, 54, 38, 44, glaze, 0, 180)
    d.ellipse(64, 54, 38, 11, "cfc6b8")
    d.ellipse(64, 55, 33, 8.5, inside)
    d.ring(64, 54, 30, 36, 3, WHITE, 130, 165)
    return d


def cups():
    d = Drawing(SKY, "e9f2f6")
    d.shadow(42)
    for x, paint, band in [(42, INDIGO, "6f89b5"), (86, CLAY, "d58a6e")]:
        d.box(x - 17, 44, x + 17, 104, paint, 6)
        d.box(x - 17, 64, x + 17, 71, band)
        d.ellipse(x, 45, 17, 5, WHITE)
        d.ellipse(x, 46, 14, 3.6, "a8c07c")
    return d


def caddy():
    d = Drawing(ROSE, "faeeea")
    d.shadow(28)
    d.box(40, 34, 88, 104, "8c4a32", 5)
    for y in range(46, 104, 9):
        d.line(44, y, 44 + (y * 7) % 38, y, 1.6, "b06c4d")
    d.box(38, 26, 90, 50, "7a3c27", 5)
    d.line(40, 50, 88, 50, 2, "5c2b1a")
    d.ellipse(64, 26, 24, 4, "9a5a40")
    return d


def kettle():
    d = Drawing(CLOUD, "f2f4f7")
    d.shadow(36)
    d.ring(64, 52, 30, 34, 5, "7c5a3a", 190, 350)
    d.polygon([(36, 66), (16, 52), (14, 59), (34, 84)], IRON)
    d.ellipse(64, 76, 36, 27, IRON)
    d.ellipse(64, 54, 22, 6, "565b63")
    d.ellipse(64, 47, 5, 4, "23262b")
    for y in (70, 79, 88):
        for x in range(40 + (y % 2) * 4, 92, 9):
            d.ellipse(x, y, 1.8, 1.8, "6a7079")
    return d


def pen(body, tip, brush):
    d = Drawing(PAPER, "fbf5ea")
    at = [(58, 14), (70, 14), (70, 80), (58, 80)]
    d.polygon(turned([(57, 78), (71, 78), (68, 96), (60, 96)], 40), "8d9199")
    if brush:
        d.polygon(turned([(60, 95), (68, 95), (67, 106), (64, 116), (61, 106)], 40), tip)
    else:
        d.polygon(turned([(60, 95), (68, 95), (64, 114)], 40), tip)
        d.line(*turned([(64, 100)], 40)[0], *turned([(64, 112)], 40)[0], 1, INK)
    d.polygon(turned(at, 40), body)
    d.polygon(turned([(58, 40), (70, 40), (70, 44), (58, 44)], 40), BRASS)
    d.polygon(turned([(69, 18), (72, 18), (72, 42), (69, 42)], 40), BRASS)
    d.line(20, 106, 46, 108, 3, tip)
    return d


def ink():
    d = Drawing(SKY, "e9f2f6")
    d.shadow(32)
    d.box(34, 52, 94, 104, "b9c9dc", 8)
    d.box(38, 66, 90, 100, INDIGO, 6)
    d.box(50, 30, 78, 54, INK, 3)
    d.box(46, 74, 82, 92, CREAM, 2)
    d.line(52, 80, 76, 80, 2, INDIGO)
    d.line(52, 86, 68, 86, 2, INDIGO)
    return d


def notebook(cover, grid):
    d = Drawing(SAND, "f8f0e0")
    d.shadow(34)
    d.box(36, 22, 96, 104, WHITE, 3)
    d.box(32, 20, 92, 102, cover, 3)
    d.box(32, 20, 40, 102, INK, 2)
    d.box(52, 36, 82, 56, CREAM, 2)
    if grid:
        for at in range(4):
            d.line(55 + at * 8, 39, 55 + at * 8, 53, 0.9, "b5aa90")
            d.line(55, 40 + at * 4, 79, 40 + at * 4, 0.9, "b5aa90")
    else:
        for y in (42, 46, 50):
            d.line(56, y, 78, y, 1, "b5aa90")
    d.line(84, 20, 84, 112, 2.5, RED)
    return d


def sheets(paints, pattern):
    d = Drawing(CLOUD, "f4f6f8")
    d.shadow(36)
    for at, paint in enumerate(paints):
        corners = [(34, 30), (94, 30), (94, 98), (34, 98)]
        d.polygon(turned(corners, -14 + at * 12), paint)
    for x, y in [(50, 48), (70, 44), (80, 62), (58, 66), (74, 82), (50, 84)]:
        if pattern:
            d.ring(x, y, 5, 5, 1.6, pattern)
            d.ellipse(x, y, 2, 2, pattern)
        else:
            d.line(x - 6, y, x + 5, y + 2, 1.2, "4d5c48")
    return d


def tape():
    d = Drawing(ROSE, "faeeea")
    d.shadow(38)
    for x, y, paint in [(44, 44, INDIGO), (84, 44, LEAF), (34, 80, BRASS), (64, 84, RED), (94, 80, "8a6fa8")]:
        d.ellipse(x, y, 19, 19, paint)
        d.ellipse(x, y, 11, 11, "fbf3ea")
        d.ring(x, y, 9, 9, 2.6, WOOD)
    return d


def clips():
    d = Drawing(DUSK, "eeecf4")
    d.shadow(38)
    d.box(28, 56, 100, 104, "6a5044", 4)
    d.box(32, 60, 96, 100, "84675a", 3)
    for x, y, turn in [(46, 46, -20), (64, 40, 8), (84, 46, 24), (54, 72, 60), (78, 76, -40)]:
        for wide, tall in [(8, 18), (4.5, 13)]:
            points = curve(x, y - tall + wide, wide, wide, 180, 360) + curve(x, y + tall - wide, wide, wide, 0, 180)
            points = turned(points, turn, x, y)
            for (x0, y0), (x1, y1) in zip(points, points[1:] + points[:1]):
                d.line(x0, y0, x1, y1, 2.4, BRASS)
    return d


def knife(length):
    d = Drawing(CLOUD, "f2f4f7")
    left = 82 - length
    d.line(22, 98, 106, 98, 4, "d8cbb6")
    d.polygon(turned([(left, 52), (84, 52), (84, 76), (left + 22, 76), (left + 6, 66)], -14), STEEL)
    d.polygon(turned([(left, 52), (84, 52), (84, 56), (left + 1, 56)], -14), "dfe5ea")
    d.polygon(turned([(83, 51), (88, 51), (88, 72), (83, 72)], -14), INK)
    d.polygon(turned([(88, 51), (118, 53), (118, 67), (88, 68)], -14), DARK_WOOD)
    return d


def stone():
    d = Drawing(SKY, "e9f2f6")
    d.shadow(44)
    d.box(16, 84, 112, 102, WOOD, 4)
    d.box(24, 62, 104, 76, "c78f5a", 2)
    d.box(24, 74, 104, 86, "8795a1", 2)
    for x, y in [(40, 52), (62, 46), (82, 53)]:
        d.polygon([(x, y - 9)] + curve(x, y, 5, 5, -20, 200), "79a9c9")
    return d


def pan():
    d = Drawing(PAPER, "fbf5ea")
    d.shadow(32, 106)
    d.line(64, 44, 64, 12, 8, WOOD)
    d.box(30, 40, 98, 102, COPPER, 6)
    d.box(36, 46, 92, 96, "e3ad83", 4)
    d.box(42, 56, 86, 88, "f2cf5b", 7)
    d.ring(56, 72, 7, 8, 2.4, "d9ae3a", 30, 330)
    d.line(66, 60, 66, 84, 1.6, "e0b845")
    return d


def donabe():
    d = Drawing(SAND, "f8f0e0")
    d.shadow(42)
    d.ellipse(22, 76, 8, 5, "7d5a44")
    d.ellipse(106, 76, 8, 5, "7d5a44")
    d.ellipse(64, 70, 42, 34, "94694d", 0, 180)
    d.ellipse(64, 68, 42, 26, "6f7f8c", 180, 360)
    d.box(22, 66, 106, 72, "54616c", 3)
    d.box(56, 36, 72, 45, "54616c", 4)
    d.ring(64, 66, 32, 17, 2.5, "95a3ae", 200, 250)
    return d


def tub():
    d = Drawing(ROSE, "faeeea")
    d.shadow(38)
    d.polygon([(26, 52), (102, 52), (96, 102), (32, 102)], "dcb98a")
    for x in range(38, 100, 12):
        d.line(x, 54, 64 + (x - 64) * 0.87, 101, 1, "bd9562")
    d.polygon([(27, 62), (101, 62), (100.4, 68), (27.6, 68)], BRASS)
    d.polygon([(30, 86), (98, 86), (97.4, 92), (30.6, 92)], BRASS)
    d.ellipse(64, 50, 42, 10, "e9cda4")
    d.box(38, 42, 90, 48, "c49d6b", 2)
    return d


def chopsticks():
    d = Drawing(DUSK, "eeecf4")
    for at, paint in enumerate([INK, RED, "8a3a2e", INDIGO, LEAF]):
        x = 36 + at * 14
        d.polygon(turned([(x - 3.4, 16), (x + 3.4, 16), (x + 1.4, 112), (x - 1.4, 112)], 9), paint)
        d.polygon(turned([(x - 3.3, 24), (x + 3.3, 24), (x + 3.1, 31), (x - 3.1, 31)], 9), BRASS)
    return d


def grater():
    d = Drawing(MINT, "eef5ea")
    d.shadow(30, 108)
    d.box(58, 70, 70, 112, COPPER, 5)
    d.polygon([(36, 22), (92, 22), (86, 82), (42, 82)], "b9b4ac")
    d.polygon([(40, 26), (88, 26), (83, 78), (45, 78)], STEEL)
    for y in range(33, 76, 7):
        for x in range(46 + (y % 2) * 4, 84, 8):
            d.polygon([(x, y - 2.6), (x + 2.2, y + 2), (x - 2.2, y + 2)], "818b95")
    return d


def bottle(glass, label, cap, mark):
    d = Drawing(PAPER, "fbf5ea")
    d.shadow(24, 108)
    d.box(55, 14, 73, 28, cap, 3)
    d.polygon([(57, 26), (71, 26), (72, 42), (84, 56), (84, 108), (44, 108), (44, 56), (56, 42)], glass)
    d.box(44, 66, 84, 98, label)
    d.ellipse(64, 82, 9, 9, mark)
    d.line(50, 60, 50, 64, 3, "ffffff")
    return d


def jar(content, lid, mark):
    d = Drawing(SKY, "e9f2f6")
    d.shadow(30)
    d.box(34, 42, 94, 104, "dfe8ea", 9)
    d.box(38, 50, 90, 100, content, 7)
    d.box(36, 28, 92, 46, lid, 4)
    d.box(46, 62, 82, 88, CREAM, 3)
    d.ellipse(64, 75, 8, 8, mark)
    return d


def barrel():
    d = Drawing(SAND, "f8f0e0")
    d.shadow(36)
    d.polygon([(30, 40), (98, 40), (92, 104), (36, 104)], WOOD)
    d.polygon([(31, 52), (97, 52), (96.4, 58), (31.6, 58)], DARK_WOOD)
    d.polygon([(35, 90), (93, 90), (92.4, 96), (35.6, 96)], DARK_WOOD)
    d.ellipse(64, 40, 34, 11, "9b4a2c")
    d.ring(64, 40, 20, 6, 3, "7e3820", 10, 330)
    d.line(64, 40, 100, 18, 5, BAMBOO)
    return d


def kombu():
    d = Drawing(MINT, "eef5ea")
    d.shadow(34)
    for x, paint in [(44, "38513c"), (64, "4a664a"), (84, "2f4634")]:
        left = [(x - 9 + 3 * math.sin(y / 9 + x), y) for y in range(20, 105, 4)]
        right = [(x + 8 + 3 * math.sin(y / 9 + x), y) for y in range(104, 19, -4)]
        d.polygon(left + right, paint)
    d.box(30, 58, 98, 70, CREAM, 2)
    d.ellipse(64, 64, 8, 8, RED)
    return d


def flakes():
    d = Drawing(ROSE, "faeeea")
    d.shadow(40)
    d.ellipse(64, 88, 44, 18, "8f9aa5")
    d.ellipse(64, 84, 40, 14, "b4bec8")
    for at in range(26):
        x, y = 64 + 32 * math.sin(at * 2.4) * (1 - at / 40), 84 - at * 1.9
        paint = ["c98f6b", "dba987", "b57853"][at % 3]
        d.ring(x, y, 9, 5, 3, paint, at * 50, at * 50 + 170)
    return d


def nori():
    d = Drawing(CLOUD, "f4f6f8")
    d.shadow(38)
    for at in range(4):
        d.polygon([(30 + at * 3, 40 + at * 6), (86 + at * 3, 34 + at * 6), (94 + at * 3, 84 + at * 5),
                   (38 + at * 3, 90 + at * 5)], ["2f4a38", "233829"][at % 2])
    d.ellipse(70, 76, 15, 13, WHITE)
    d.polygon([(60, 72), (80, 72), (80, 86), (60, 86)], "1b2b20")
    return d


def rice():
    d = Drawing(SKY, "e9f2f6")
    d.shadow(34)
    d.polygon([(36, 30), (92, 30), (98, 104), (30, 104)], CREAM)
    d.polygon([(44, 16), (84, 16), (92, 32), (36, 32)], "e6d7b4")
    d.line(38, 32, 90, 32, 4, RED)
    for x, y, turn in [(52, 60, 20), (66, 54, -30), (78, 64, 40), (58, 76, -20), (72, 80, 15), (64, 68, 70)]:
        d.polygon(turned(curve(x, y, 7, 3.4, 0, 360), turn, x, y), WHITE)
        d.line(x - 2, y, x + 2, y, 0.9, "d8c9a6")
    return d


def incense():
    d = Drawing(DUSK, "eeecf4")
    d.shadow(38)
    d.box(24, 84, 104, 102, WOOD, 4)
    d.box(24, 84, 104, 89, "d3a26e", 2)
    for x, top in [(50, 40), (64, 32), (78, 44)]:
        d.line(x, 88, x + 4, top, 2.6, "6d7d4f")
        d.ellipse(x + 4, top, 2.6, 2.6, "e2683c")
    for x, y, r in [(70, 24, 6), (76, 14, 5)]:
        d.ring(x, y, r, r, 2, "bdb9cc", 90, 300)
    return d


def towel():
    d = Drawing(PAPER, "fbf5ea")
    d.shadow(40)
    for at, paint in enumerate(["e9eef4", "f7f9fb", "dfe6ee"]):
        d.box(24, 42 + at * 20, 104, 62 + at * 20, paint, 9)
        d.box(36, 42 + at * 20, 42, 62 + at * 20, INDIGO)
        d.box(46, 42 + at * 20, 49, 62 + at * 20, "6f89b5")
    return d


def furoshiki():
    d = Drawing(MINT, "eef5ea")
    d.shadow(38)
    d.ellipse(64, 78, 40, 28, "7a4d8c")
    for x, y in [(40, 76), (56, 92), (74, 90), (90, 76), (64, 70), (50, 62), (78, 62)]:
        d.ellipse(x, y, 3.4, 3.4, "e9c9d8")
    d.polygon([(64, 52), (30, 30), (40, 56)], "8c5fa0")
    d.polygon([(64, 52), (98, 30), (88, 56)], "8c5fa0")
    d.ellipse(64, 53, 10, 8, "65407a")
    return d


def fan():
    d = Drawing(SKY, "e9f2f6")
    d.polygon(curve(64, 100, 56, 70, 205, 335) + curve(64, 100, 24, 28, 335, 205), "f3dfd7")
    d.polygon(curve(64, 100, 56, 70, 205, 335) + curve(64, 100, 46, 56, 335, 205), "d96f5f")
    for step in range(8):
        angle = math.radians(205 + step * 130 / 7)
        d.line(64, 102, 64 + 55 * math.cos(angle), 100 + 69 * math.sin(angle), 1.8, WOOD)
    d.ellipse(64, 102, 4, 4, BRASS)
    d.ellipse(50, 56, 7, 7, WHITE)
    return d


def lamp():
    d = Drawing("4a4660", "5b5675")
    d.ellipse(64, 62, 46, 46, "8a7a6c")
    d.ellipse(64, 62, 38, 38, "c2a574")
    d.box(40, 22, 88, 96, "f8e7b4", 3)
    d.ellipse(64, 64, 16, 22, "fff6d8")
    for x in (40, 64, 88):
        d.line(x, 20, x, 108 if x != 64 else 96, 3, "4c3424")
    for y in (22, 47, 72, 96):
        d.line(40, y, 88, y, 2.4, "4c3424")
    return d


def cushion():
    d = Drawing(SAND, "f8f0e0")
    d.shadow(44)
    d.polygon(curve(64, 84, 46, 20, 0, 360), "22365c")
    d.polygon(curve(64, 78, 46, 20, 0, 360), INDIGO)
    for at in range(-3, 4):
        d.line(64 + at * 13 - 5, 78 - 12 + abs(at) * 3, 64 + at * 13 + 5, 78 + 12 - abs(at) * 3, 1.6, "6f89b5")
    d.ellipse(64, 78, 4, 2.4, WHITE)
    for x in (20, 108):
        d.line(x, 80, x + (x - 64) / 8, 92, 3, WHITE)
    return d


PICTURES = {
    "tea-green": lambda: tea("8fb573", "4f7f3d"),
    "tea-deep-green": lambda: tea("3f6b4a", "2f5a3a"),
    "tea-roasted": lambda: tea("a06a43", "7a4a2a"),
    "tea-rice": lambda: tea("c2b25a", "7f8a3a"),
    "tea-barley": lambda: tea("d49a4a", "a86a26"),
    "tea-black": lambda: tea("8c3b34", "6a2722"),
    "matcha": lambda: bowl("4d4a4f", "8fb84a"),
    "teapot": teapot,
    "whisk": whisk,
    "bowl": lambda: bowl("efe9de", "ddd2c2"),
    "cups": cups,
    "caddy": caddy,
    "kettle": kettle,
    "brush-pen": lambda: pen(INK, "1d2027", True),
    "fountain-pen": lambda: pen("a9c4d6", "35507f", False),
    "ink": ink,
    "notebook": lambda: notebook("3f6f6a", False),
    "notebook-grid": lambda: notebook("b9583f", True),
    "washi-paper": lambda: sheets(["e6c9cf", "cfd9b8", "f6ecd2"], "c2473d"),
    "washi-tape": tape,
    "clips": clips,
    "knife": lambda: knife(66),
    "petty-knife": lambda: knife(46),
    "whetstone": stone,
    "pan": pan,
    "donabe": donabe,
    "rice-tub": tub,
    "chopsticks": chopsticks,
    "grater": grater,
    "soy-sauce": lambda: bottle("3a2018", CREAM, RED, RED),
    "sesame-oil": lambda: bottle("c98a2e", CREAM, INK, "e0b24a"),
    "miso": barrel,
    "kombu": kombu,
    "katsuobushi": flakes,
    "nori": nori,
    "yuzu-kosho": lambda: jar("9db04a", "d9b43c", "e6c63c"),
    "rice": rice,
    "incense": incense,
    "towel": towel,
    "furoshiki": furoshiki,
    "fan": fan,
    "lamp": lamp,
    "cushion": cushion,
}

if __name__ == "__main__":
    os.makedirs(FOLDER, exist_ok=True)
    for name, draw in PICTURES.items():
        with open(os.path.join(FOLDER, name + ".png"), "wb") as file:
            file.write(draw().png())
