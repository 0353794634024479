// theme.js - before anything is drawn: the theme that this browser was given.
const theme = localStorage.getItem('theme');
if (theme === 'dark' || theme === 'light') {
  document.documentElement.dataset.theme = theme;
}
