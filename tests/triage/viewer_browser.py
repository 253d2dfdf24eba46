#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Trace events in a viewer that others wrote: speedscope, in headless Chromium.

  viewer_browser.py GATHERFUZZ SOURCE_FOLDER SPEEDSCOPE

SPEEDSCOPE is the folder of the npm package, as of `npm install --prefix build speedscope`: then it
is build/node_modules/speedscope. Exit status: 77 if it is not there.
"""
import base64
import json
import os
import subprocess
import sys
import tempfile
import unittest

from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from headless import start_browser

GATHERFUZZ, SOURCE, SPEEDSCOPE = sys.argv[1:4]
VIEWER = os.path.join(SPEEDSCOPE, 'dist', 'release', 'index.html')
MAIL = os.path.join(SOURCE, 'corpus', '00-the-mail.gather')


class ViewerTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.browser = start_browser('--enable-unsafe-swiftshader')  # it draws with WebGL
        self.addCleanup(self.browser.quit)
        self.browser.set_window_size(1400, 4000)  # it makes only the rows that are in view

    def open(self, schedule):
        """Opens the trace as speedscope's own command does; gives back the trace."""
        path = os.path.join(self.folder.name, 'trace.json')
        subprocess.run([GATHERFUZZ, 'explain', '--perfetto', path, schedule],
                       stdout=subprocess.DEVNULL, check=False)
        with open(path, 'rb') as file:
            content = file.read()
        script = os.path.join(self.folder.name, 'trace.js')
        with open(script, 'w', encoding='ascii') as file:
            file.write('speedscope.loadFileFromBase64("trace", '
                       f'"{base64.b64encode(content).decode()}")')
        self.browser.get(f'file://{os.path.abspath(VIEWER)}#localProfilePath={script}')
        WebDriverWait(self.browser, 300).until(lambda _: '(1/' in self.text())
        return json.loads(content)['traceEvents']

    def text(self):
        return self.browser.find_element(By.TAG_NAME, 'body').text

    def press(self, key):
        self.browser.find_element(By.TAG_NAME, 'body').send_keys(key)

    def frames(self):
        """The names in the table of all frames of the profile that is open."""
        self.press('3')
        WebDriverWait(self.browser, 300).until(
            lambda _: self.browser.find_elements(By.TAG_NAME, 'tr'))
        return {row.text.split('\n')[-1] for row in self.browser.find_elements(By.TAG_NAME, 'tr')}

    def test_it_shows_calls_gathers_and_steps(self):
        slices = [event for event in self.open(MAIL) if event['ph'] == 'X']
        tracks = sorted({event['tid'] for event in slices})
        for i, track in enumerate(tracks):
            self.assertIn(f'({i + 1}/{len(tracks)})', self.text())
            self.assertIn(f'tid {track}', self.text())
            # A name is followed by the arguments.
            shown = {frame.split(' {')[0] for frame in self.frames()}
            names = {event['name'] for event in slices if event['tid'] == track}
            self.assertEqual(names - shown, set())
            self.press('n')
        names = {event['name'] for event in slices}
        for name in ['dontneed 1..3', 'gather 1..3', 'pte_clear(2)', 'flush 3..4', 'deliver(1)']:
            self.assertIn(name, names)


if __name__ == '__main__':
    if not os.path.exists(VIEWER):
        print(f'no {VIEWER}: npm install --prefix build speedscope')
        sys.exit(77)
    unittest.main(argv=sys.argv[:1], verbosity=1)
