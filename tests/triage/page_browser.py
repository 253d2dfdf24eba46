#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""The page in headless Chromium: opens it as a file, moves in it, prints it.

  page_browser.py WRITE_PAGE SOURCE_FOLDER [FOLDER FOR SCREENSHOTS]
"""

import base64
import os
import re
import subprocess
import sys
import tempfile
import unittest

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from headless import start_browser

WRITE_PAGE, SOURCE = sys.argv[1:3]
SHOTS = sys.argv[3] if len(sys.argv) > 3 else None
MAIL = ('corpus/00-the-mail.gather', 'own-range', 'x86')
# How far the strips reach beyond what is seen of the box; words that are cut, or leave their row.
BEYOND = '''const box = document.getElementById('box');
    return Math.max(...[...document.querySelectorAll('.strip-head')].map((head) =>
        head.getBoundingClientRect().right)) - box.getBoundingClientRect().left - box.clientWidth'''
CUT = '''return [...document.querySelectorAll('a.row')].filter((row) => {
    const text = row.querySelector('.text').getBoundingClientRect();
    const {top, bottom} = row.getBoundingClientRect();
    return text.top < top - 1 || text.bottom > bottom + 1 ||
        [...row.querySelectorAll('.words, .role')].some((part) =>
            part.scrollWidth > part.clientWidth + 1 && part.clientWidth > 0 ||
            part.getBoundingClientRect().right > text.right + 1);
}).map((row) => row.textContent)'''
TABLE = ('corpus/verdicts/reset-range-arm64.gather', 'reset-range', 'arm64')  # lost at step 18


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.browser = start_browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.quit()
        cls.folder.cleanup()

    def setUp(self):
        self.media(())
        self.window(1400, 900)

    def tearDown(self):
        self.assertEqual(self.browser.get_log('browser'), [])

    # --- What tests do ---

    def media(self, features):
        self.browser.execute_cdp_cmd('Emulation.setEmulatedMedia', {
            'features': [{'name': name, 'value': value} for name, value in features]})

    def window(self, width, height):
        self.browser.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', {
            'width': width, 'height': height, 'deviceScaleFactor': 1, 'mobile': False})

    def write(self, name, schedule, policy, arch, *rest):
        """Writes a page, and gives back its address."""
        path = os.path.join(self.folder.name, name + '.html')
        if not os.path.exists(path):
            subprocess.run([WRITE_PAGE, os.path.join(SOURCE, schedule), policy, arch, path, *rest],
                           check=True, stdout=subprocess.DEVNULL)
        return 'file://' + path

    def open(self, address):
        self.browser.get('about:blank')  # else a change of the hash alone loads nothing
        self.browser.get(address)

    def open_mail(self, step=''):
        self.open(self.write('mail', *MAIL) + step)

    def js(self, script, *arguments):
        return self.browser.execute_script(script, *arguments)

    def find(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def press(self, *keys):
        for key in keys:
            webdriver.ActionChains(self.browser).send_keys(key).perform()

    def texts(self, selector):
        return [element.text for element in self.browser.find_elements(By.CSS_SELECTOR, selector)]

    def step(self):
        """The current step: where the row, the panel, the counter and the link agree."""
        number = self.find('.row.current .number').text
        self.assertEqual(self.find('#where').text.split()[1], number)
        self.assertIn(f'After step {number}:', self.find('#machine-title').text)
        self.assertEqual(self.find('.row.current').get_attribute('aria-current'), 'step')
        return int(number)

    def hash(self):
        return self.js('return location.hash')

    def in_view(self, selector):
        """Whether a row is inside of its box, below the heading, and of the window."""
        return self.js('''
            const row = document.querySelector(arguments[0]).getBoundingClientRect();
            const box = document.getElementById('box').getBoundingClientRect();
            const top = document.getElementById('heads').getBoundingClientRect().bottom;
            return row.top >= top - 1 && row.bottom <= box.bottom + 1 && row.top >= 0 &&
                   row.bottom <= window.innerHeight;''', selector)

    def overflow(self):
        return self.js('return document.documentElement.scrollWidth - window.innerWidth')

    def shot(self, name):
        if SHOTS:
            os.makedirs(SHOTS, exist_ok=True)
            self.browser.save_screenshot(os.path.join(SHOTS, name + '.png'))

    # --- Opening ---

    def test_opens_at_the_violation(self):
        cases = {'mail': MAIL,
                 'deadlock': ('corpus/verdicts/sync-before-dec-x86.gather', 'sync-before-dec',
                              'x86'),
                 'starvation': ('corpus/verdicts/sync-finish-x86.gather', 'sync-finish', 'x86'),
                 'table': TABLE}
        for name, case in cases.items():
            for width, height in [(1400, 900), (700, 900), (360, 640)]:
                with self.subTest(name, width=width):
                    self.window(width, height)
                    self.open(self.write(name, *case))
                    self.step()
                    self.find('.row.current .role.violation')
                    self.assertTrue(self.in_view('.row.current'))
                    self.assertLessEqual(self.overflow(), 0)
                    self.assertIn(name.split('-')[0] if name != 'mail' else 'stale-after-return',
                                  self.find('#title').text)
                    self.shot(f'{name}-{width}')

    def test_a_narrow_window(self):
        self.window(390, 900)
        for name, case in [('mail', MAIL), ('table', TABLE)]:
            with self.subTest(name):
                self.open(self.write(name, *case))
                self.assertEqual(self.js('return scrollY'), 0)  # it opens at its head
                self.assertTrue(self.find('#title').is_displayed())
                self.assertFalse(self.find('#facts').is_displayed())
                self.shot(f'{name}-390')
                # All strips are in view, all words are whole and within their rows.
                self.assertFalse(self.find('#beyond-edge').is_displayed())
                self.assertLessEqual(self.js(BEYOND), 0)
                self.assertEqual(self.js(CUT), [])
                # More strips than fit: it says so.
                for page in self.texts('#pages button[aria-pressed=false]'):
                    self.find(f'#pages button[title="Strips of page {page}"]').click()
                self.assertGreater(self.js(BEYOND), 0)
                self.assertTrue(self.find('#beyond-edge').is_displayed())
        self.open_mail()
        self.window(1400, 900)
        self.assertTrue(self.find('#facts').is_displayed())
        self.assertFalse(self.find('#beyond-edge').is_displayed())

    def test_no_words_are_cut(self):
        """In a window of any width: they go on where the next lane is empty, or below."""
        for name, case in [('mail', MAIL), ('table', TABLE),
                           ('lazy', ('corpus/switching/lazy-until-end.gather', 'lazy-until-end',
                                     'x86'))]:
            self.open(self.write(name, *case))
            for width in (1600, 1400, 1280, 1180, 1024, 900, 700, 390):
                self.window(width, 900)
                for every in (False, True):
                    box = self.find('#all')
                    if box.is_displayed() and box.is_selected() != every:
                        box.click()
                    self.assertEqual(self.js(CUT), [], f'{name} {width} {every}')
                    self.shot(f'{name}-{width}-{every}')

    def test_the_title_names_kind_policy_and_file(self):
        self.open_mail()
        self.assertEqual(self.browser.title,
                         'stale-after-return: own-range (x86), 00-the-mail.gather')

    def test_the_legend_has_what_is_in_strips(self):
        for name, case in [('mail', MAIL), ('table', TABLE)]:
            self.open(self.write(name, *case))
            legend = self.find('#legend').text
            for word in self.texts('.strip-head') + self.texts('.value'):
                word = re.sub(r'^(tlb|ptr)[0-9]+$', r'\1', word.strip())
                if not re.fullmatch('|[0-9]+|f[0-9]+|\u2013', word):
                    self.assertIn(word.lower(), legend.lower())
            for flag in ['w writable', 'r read-only', 'a accessed', 'd dirty']:
                self.assertIn(flag, legend)

    def test_a_colour_has_one_meaning(self):
        for scheme in ['light', 'dark']:
            self.media([('prefers-color-scheme', scheme)])
            self.open_mail()
            samples = self.js('''return [...document.querySelectorAll('#legend .cell')].map(
                (e) => [e.classList[1], getComputedStyle(e).fill])''')
            fills = dict(samples)
            self.assertEqual(len(set(fills.values())), len(fills), fills)
            self.assertIn('nesting', fills)

    def test_a_link_opens_its_step(self):
        self.open_mail('#step=9')
        self.assertEqual(self.step(), 9)
        self.assertTrue(self.in_view('.row.current'))
        self.assertIn('pte_clear(2)', self.find('#machine-title').text)
        self.js('location.hash = "step=3"')
        self.assertEqual(self.step(), 3)

    def test_a_link_to_nowhere_opens_the_violation(self):
        for step in ['#step=0', '#step=28', '#step=x', '#<b>']:
            self.open_mail(step)
            self.assertEqual(self.step(), 27)

    def test_a_clean_run(self):
        self.open(self.write('clean', 'corpus/00-the-mail.gather', 'full-mm', 'x86'))
        self.assertEqual(self.find('#title').text, 'no violation')
        self.assertEqual(self.step(), 1)
        for hidden in ['#why', '#no-return', '#others', '#violation', '#turn', '#all-label']:
            self.assertFalse(self.find(hidden).is_displayed(), hidden)
        self.press(Keys.END)
        self.assertEqual(self.step(), 38)
        self.shot('clean')

    # --- Moving ---

    def test_keys(self):
        self.open(self.write('table', *TABLE))
        for key, step in [(Keys.ARROW_LEFT, 22), ('k', 21), (Keys.ARROW_RIGHT, 22), ('j', 23),
                          ('j', 23), (Keys.HOME, 1), ('k', 1), (Keys.END, 23), ('t', 18),
                          ('v', 23), ('p', 22), ('n', 23), ('g', 1), ('G', 23)]:
            self.press(key)
            self.assertEqual(self.step(), step, repr(key))
            self.assertEqual(self.hash(), f'#step={step}')
            self.assertTrue(self.in_view('.row.current'))

    def test_buttons_underline_their_keys(self):
        """Which are those of gatherfuzz step."""
        self.open(self.write('table', *TABLE))
        for button, key in [('#violation', 'v'), ('#turn', 't')]:
            self.assertEqual(self.find(button + ' u').text, key)
            self.press(Keys.HOME, key)
            by_key = self.step()
            self.press(Keys.HOME)
            self.find(button).click()
            self.assertEqual(self.step(), by_key)

    def test_buttons_and_clicks(self):
        self.open(self.write('table', *TABLE))
        for button, step in [('first', 1), ('forth', 2), ('last', 23), ('back', 22), ('turn', 18),
                             ('violation', 23)]:
            self.find('#' + button).click()
            self.assertEqual(self.step(), step, button)
            self.assertEqual(self.hash(), f'#step={step}')
        self.assertFalse(self.find('#forth').is_enabled())
        self.find('a.row[href="#step=20"]').click()
        self.assertEqual(self.step(), 20)
        self.press('j')  # the row that has the focus does not get in the way
        self.assertEqual(self.step(), 21)
        self.find('#chain a').click()
        self.assertEqual(self.step(), 15)

    def test_what_is_explained(self):
        self.open(self.write('table', *TABLE))
        self.assertEqual(self.texts('#chain .at'), ['start', '15', '18', '19', '23'])
        self.assertIn('unlinks that table', self.find('#chain').text)
        self.assertIn('After step 18', self.find('#no-return').text)
        self.assertIn('no return', self.find('.row.turning').text)
        self.find('#no-return summary').click()
        self.assertIn('cpu1 pending_dec', self.find('#no-return .saves').text)
        self.assertRegex(self.find('#others').text,
                         'survive, in every order of these programs: .*full-mm')
        self.assertIn('sync-before-dec (deadlock)', self.find('#others').text)

    def test_focus_is_seen(self):
        self.open_mail()
        self.find('#back').click()
        self.press(Keys.TAB)
        outline = self.js('return getComputedStyle(document.activeElement).outlineStyle')
        self.assertNotEqual(outline, 'none')
        unnamed = self.js('''return [...document.querySelectorAll('button, a, input, [role]')]
            .filter((e) => e.offsetParent &&
                !(e.textContent.trim() || e.ariaLabel || e.labels?.[0]?.textContent))
            .map((e) => e.outerHTML)''')
        self.assertEqual(unnamed, [])

    def test_the_panel_shows_the_state(self):
        self.open_mail('#step=8')
        self.assertIn('PTE mapping 2', self.find('#state').text)
        self.assertNotIn('stale', self.find('#state').text)
        self.press('j')  # clears the PTE
        changed = '; '.join(self.texts('#state .changed'))
        self.assertIn('page 2 PTE none (was PTE mapping 2', changed)
        self.assertIn('stale', self.find('#state').text)
        self.press(*'jj')
        self.assertIn('tlb_flush_pending 2 (was 1)', self.find('#state').text)
        self.open_mail('#step=20')
        self.assertIn('3..4; pending on cpu0, cpu1', self.find('#state').text)

    # --- The timeline ---

    def test_lanes_and_strips(self):
        self.open_mail()
        self.assertEqual(len(self.browser.find_elements(By.CSS_SELECTOR, 'a.row')), 27)
        text = self.find('#rows').text
        for part in ['dontneed 1..3:', 'tlb_flush(3) 3..4', '[inv] deliver(1) drops nothing',
                     'gather 2..4', '[1..3 cleared_ptes]', 'removes', 'sees it gone', 'too narrow']:
            self.assertIn(part, text)
        count = lambda selector: len(self.browser.find_elements(By.CSS_SELECTOR, selector))
        self.assertEqual(count('#rows .arrow-head'), 2)   # one invalidation, two CPUs
        self.assertEqual(count('#rows .delivery'), 2)
        self.assertEqual(count('#rows .bad'), 1)
        # The stale entry is there from the start, with an edge; hatched from step 9 to 27, and in
        # the row that names the second call.
        self.assertEqual(count('#rows .cell.stale.the'), 20)
        self.assertEqual(count('#rows .the-edge'), 29)

    def test_pages_can_be_chosen(self):
        self.open_mail()
        heads = lambda: self.texts('.group-head')
        self.assertEqual(heads()[0], 'page 2')
        before = heads()
        button = self.find('#pages button:last-child')
        button.click()
        self.assertNotEqual(heads(), before)
        self.find('#pages button:last-child').click()
        self.assertEqual(heads(), before)

    def test_a_long_run(self):
        self.open(self.long())
        self.assertTrue(self.in_view('.row.current'))
        hidden = self.find('button.row')
        self.assertIn('not shown', hidden.text)
        rows = len(self.browser.find_elements(By.CSS_SELECTOR, 'a.row'))
        self.shot('long')
        last = self.step()
        self.press('a')
        self.assertEqual(self.step(), last)
        self.assertTrue(self.in_view('.row.current'))
        self.assertEqual(len(self.browser.find_elements(By.CSS_SELECTOR, 'a.row')), last)
        self.assertEqual(self.browser.find_elements(By.CSS_SELECTOR, 'button.row'), [])
        self.shot('long-all')
        self.press('a')
        self.assertEqual(len(self.browser.find_elements(By.CSS_SELECTOR, 'a.row')), rows)
        self.js('location.hash = "step=2"')  # one that is left out
        self.assertEqual(self.step(), 2)
        self.assertTrue(self.in_view('.row.current'))
        self.window(360, 640)
        self.open(self.long())
        self.assertLessEqual(self.overflow(), 0)
        self.assertTrue(self.in_view('.row.current'))
        self.shot('long-360')

    def long(self):
        """A run of five CPUs, most steps of which do not matter."""
        lines = ['gatherfuzz 1', 'cpus 5', 'init', '  map 0..16 rw', '  present 0..16',
                 '  cached cpu4 0..16']
        for cpu in range(5):
            lines.append(f'cpu{cpu}')
            lines += [f'  dontneed {i % 12}..{i % 12 + 4}' for i in range(cpu, 60, 7)]
        lines += ['order', *[f'  cpu{i % 4} {13 + i % 5}' for i in range(24)], '  rest', '']
        path = os.path.join(self.folder.name, 'long.gather')
        with open(path, 'w', encoding='utf-8') as file:
            file.write('\n'.join(lines))
        return self.write('long', path, 'own-range', 'x86', '2000')

    # --- The rest ---

    def test_copy(self):
        self.open_mail()
        # The text that a page put on the clipboard lands in a field of this one.
        self.js('document.body.append('
                'Object.assign(document.createElement("textarea"), {id: "paste"}))')
        for button, text in [('copy-replay', 'gatherfuzz explain --policy own-range'),
                             ('copy-text', 'gatherfuzz 1')]:
            self.find('#' + button).click()
            self.js('return new Promise((done) => setTimeout(done, 50))')
            self.assertEqual(self.find('#' + button).text, 'copied')
            self.find('#paste').clear()
            self.find('#paste').send_keys(Keys.CONTROL, 'v')
            self.assertTrue(self.find('#paste').get_property('value').startswith(text))

    def test_copy_without_a_clipboard(self):
        self.open_mail()
        self.js('''Object.defineProperty(navigator, 'clipboard', {value: undefined});
            document.execCommand = () => false;''')
        self.find('#copy-text').click()
        self.assertIn('selected', self.find('#copy-text').text)
        self.assertTrue(self.js('return getSelection().toString()').startswith('gatherfuzz 1'))

    def test_light_and_dark(self):
        background = lambda: self.js('return getComputedStyle(document.body).backgroundColor')
        for scheme, expected in [('light', 'rgb(255, 255, 255)'), ('dark', 'rgb(21, 23, 26)')]:
            self.media([('prefers-color-scheme', scheme)])
            self.open_mail()
            self.assertEqual(background(), expected)
            self.shot(f'mail-{scheme}')

    def test_print(self):
        self.printed(self.long())

    def test_print_cuts_no_row(self):
        self.printed(self.write('mail', *MAIL), at_least=2)
        self.printed(self.write('table', *TABLE))

    def printed(self, page, at_least=0):
        """Prints it: every row, in the width of the paper, none of them cut; at least so many of
        them are taller than the others."""
        self.open(page)
        self.js('''addEventListener('beforeprint', () => { window.printed = {
            rows: document.querySelectorAll('a.row').length,
            tall: document.querySelectorAll('a.tall').length,
            cut: (() => {%s})(),
            width: document.getElementById('rows').offsetWidth }; })''' % CUT)
        pdf = base64.b64decode(self.browser.execute_cdp_cmd('Page.printToPDF', {
            'paperWidth': 8.27, 'paperHeight': 11.69})['data'])
        self.assertTrue(pdf.startswith(b'%PDF'))
        printed = self.js('return window.printed')
        self.assertEqual(printed['rows'], int(self.find('#where').text.split()[3]))
        self.assertLessEqual(printed['width'], 720)
        self.assertEqual(printed['cut'], [])
        self.assertGreaterEqual(printed['tall'], at_least)
        if page.endswith('long.html'):
            self.assertGreater(len(self.browser.find_elements(By.CSS_SELECTOR, 'button.row')), 0)
        if SHOTS:
            name = os.path.basename(page).replace('.html', '.pdf')
            with open(os.path.join(SHOTS, name), 'wb') as file:
                file.write(pdf)

    def test_hostile_text_is_text(self):
        path = os.path.join(self.folder.name, 'hostile.gather')
        with open(os.path.join(SOURCE, MAIL[0]), encoding='utf-8') as file:
            lines = file.read().split('\n')
        hostile = '</script><script>document.title = "broken"</script><img src=x onerror=alert(1)>'
        with open(path, 'w', encoding='utf-8') as file:
            file.write('\n'.join([lines[0], 'intent ' + hostile, *lines[1:]]))
        self.open(self.write('hostile', path, 'own-range', 'x86'))
        self.assertIn(hostile, self.find('#facts').text)
        self.assertIn(hostile, self.find('#text').text)
        self.assertIn('stale-after-return', self.browser.title)
        self.assertEqual(self.browser.find_elements(By.TAG_NAME, 'img'), [])

    def test_nothing_else_is_run(self):
        self.open_mail()
        self.js('''const script = document.createElement('script');
            script.textContent = 'window.ran = true'; document.body.append(script);''')
        self.assertIsNone(self.js('return window.ran'))
        self.assertIn('Content Security Policy', self.browser.get_log('browser')[0]['message'])


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=1)
