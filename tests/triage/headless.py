# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Chromium without a window."""
import os
import shutil

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service


def start_browser(*more):
    """A driver of one, with these arguments besides."""
    options = Options()
    options.binary_location = shutil.which('chromium') or ''
    for argument in ['--headless=new', '--disable-gpu', '--hide-scrollbars', '--disable-extensions',
                     '--no-first-run', '--disable-background-networking',
                     '--disable-dev-shm-usage', *more]:
        options.add_argument(argument)
    if os.geteuid() == 0:
        options.add_argument('--no-sandbox')
    options.set_capability('goog:loggingPrefs', {'browser': 'ALL'})
    return webdriver.Chrome(service=Service(shutil.which('chromedriver')), options=options)
