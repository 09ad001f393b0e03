import { render } from 'preact';
import { App } from './app.tsx';
import { takeIssuerAnswer } from './issuer-sign-in.ts';
import { applyTheme } from './theme.ts';

applyTheme();
const root = document.getElementById('console');
if (root !== null) render(<App answer={takeIssuerAnswer()} />, root);
