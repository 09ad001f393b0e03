import type { ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { hiddenFieldsOf } from '../client/hidden-fields.ts';
import type { Viewer } from '../client/schema.generated.ts';
import { signInOffer, signInWith, signOutOfGateway } from './console-session.ts';
import { FilterBar } from './filter-bar.tsx';
import { ask, GatewayError, onUnauthenticated } from './gateway-client.ts';
import { Icon } from './icon.tsx';
import type { IssuerAnswer } from './issuer-sign-in.ts';
import { NavigationContext, useNavigation, useUrl } from './navigation.tsx';
import { Fault } from './notice.tsx';
import { placeOfView, printPlace, type ViewName } from './place.ts';
import { mayOf, type Session, SessionContext, useSession, viewerQuery } from './session.tsx';
import { useTheme } from './theme.ts';
import { type Attention, useAttention } from './use-attention.ts';
import { JournalContext, useJournal, usePolledJournal } from './use-journal.ts';
import { AboutView } from './views/about.tsx';
import { AggregatesView } from './views/aggregates.tsx';
import { AlarmsView } from './views/alarms.tsx';
import { EventsView } from './views/events.tsx';
import { LiveView } from './views/live.tsx';
import { ReportView } from './views/report.tsx';
import { SignIn } from './views/sign-in.tsx';
import { SinksView } from './views/sinks.tsx';
import { TimelineView } from './views/timeline.tsx';

interface View {
  readonly title: string;
  readonly component: ComponentType;
  /** Which of the parts that all views share it uses. */
  readonly uses: 'FILTER_AND_RANGE' | 'FILTER' | 'RANGE' | 'NEITHER';
  readonly isShown?: (session: Session) => boolean;
}

const views: Readonly<Record<ViewName, View>> = {
  events: { title: 'Events', component: EventsView, uses: 'FILTER_AND_RANGE' },
  live: { title: 'Live', component: LiveView, uses: 'FILTER' },
  timeline: { title: 'Timeline', component: TimelineView, uses: 'FILTER_AND_RANGE' },
  aggregates: { title: 'Aggregates', component: AggregatesView, uses: 'FILTER_AND_RANGE' },
  alarms: { title: 'Alarms', component: AlarmsView, uses: 'RANGE' },
  sinks: {
    title: 'Sinks',
    component: SinksView,
    uses: 'NEITHER',
    isShown: ({ may }) => may('MANAGE_SINKS'),
  },
  report: {
    title: 'Report',
    component: ReportView,
    uses: 'NEITHER',
    isShown: ({ may }) => may('REPORT'),
  },
  about: { title: 'About', component: AboutView, uses: 'NEITHER' },
};

interface SignedIn {
  readonly viewer: Viewer;
  readonly canSignIn: boolean;
}

interface AppProps {
  /** With which the issuer has sent somebody back; null where nobody comes from there. */
  readonly answer: IssuerAnswer | null;
}

/** The whole page: signs in first where the gateway wants that. */
export function App({ answer }: AppProps) {
  const navigation = useUrl();
  const [signedIn, setSignedIn] = useState<SignedIn | null>(null);
  const [signsIn, setSignsIn] = useState(false);
  const [signInFault, setSignInFault] = useState<string | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const isSignedIn = useRef(false);
  isSignedIn.current = signedIn !== null;

  const enter = () => {
    setSignsIn(false);
    enterGateway().then(
      (entered) => {
        setSignedIn(entered);
        setSignInFault(null);
        setError(null);
      },
      (fault: Error) => {
        if (fault instanceof GatewayError && fault.code === 'UNAUTHENTICATED') setSignsIn(true);
        else setError(fault);
      },
    );
  };
  useEffect(() => {
    onUnauthenticated(() => {
      if (isSignedIn.current) setSignInFault('Your session has ended: sign in again.');
      setSignedIn(null);
      setSignsIn(true);
    });
    if (answer === null) return enter();
    const signedIn = answer.fault === null ? signInWith(answer) : Promise.resolve(answer.fault);
    void signedIn.then((fault) => {
      setSignInFault(fault);
      if (fault === null) enter();
      else setSignsIn(true);
    });
  }, []);

  if (signsIn) {
    const onCancel = signedIn === null ? null : () => setSignsIn(false);
    return <SignIn fault={signInFault} onCancel={onCancel} onSignedIn={enter} />;
  }
  if (error !== null) return <Unreachable error={error} onRetry={enter} />;
  if (signedIn === null) return null;
  const { viewer, canSignIn } = signedIn;
  const session: Session = {
    viewer,
    canSignIn,
    hidden: hiddenFieldsOf(viewer.grants),
    may: mayOf(viewer),
    signIn: () => setSignsIn(true),
    signOut: () => {
      setSignedIn(null);
      void signOutOfGateway().then(enter, enter);
    },
  };
  return (
    <NavigationContext.Provider value={navigation}>
      <SessionContext.Provider value={session}>
        <Shell key={`${viewer.kind} ${viewer.name}`} />
      </SessionContext.Provider>
    </NavigationContext.Provider>
  );
}

async function enterGateway(): Promise<SignedIn> {
  const [{ viewer }, { signIn }] = await Promise.all([
    ask<{ readonly viewer: Viewer }>(viewerQuery),
    signInOffer(),
  ]);
  return { viewer, canSignIn: signIn };
}

const Unreachable = ({
  error,
  onRetry,
}: {
  readonly error: Error;
  readonly onRetry: () => void;
}) => (
  <main class="sign-in">
    <div class="card">
      <h1>Tidings</h1>
      <Fault error={error} />
      <button type="button" class="button primary" onClick={onRetry}>
        Try again
      </button>
    </div>
  </main>
);

function Shell() {
  const { place } = useNavigation();
  const journal = usePolledJournal();
  const session = useSession();
  const view = views[place.view];
  const isShown = view.isShown?.(session) ?? true;
  useEffect(() => {
    document.title = `${view.title} · Tidings`;
  }, [view]);
  return (
    <JournalContext.Provider value={journal}>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <TopBar />
      <FilterBar
        withFilter={view.uses.startsWith('FILTER')}
        withRange={view.uses.endsWith('RANGE')}
      />
      <main id="main" tabIndex={-1}>
        <h1 class="visually-hidden">{view.title}</h1>
        {isShown ? <view.component key={place.view} /> : <Fault error="You may not see this." />}
      </main>
    </JournalContext.Provider>
  );
}

function TopBar() {
  const { place } = useNavigation();
  const session = useSession();
  const attention = useAttention();
  const shown = Object.entries(views).filter(([, { isShown }]) => isShown?.(session) ?? true);
  return (
    <header class="top-bar">
      <a class="brand" href="/">
        <Icon name="logo" size={22} /> Tidings
      </a>
      <nav aria-label="Views">
        {shown.map(([name, { title }]) => (
          <ViewLink
            key={name}
            name={name as ViewName}
            title={title}
            isCurrent={name === place.view}
            attention={attention[name as keyof typeof attention] ?? null}
          />
        ))}
        <a href="/graphql">
          Playground <Icon name="external" size={12} />
        </a>
      </nav>
      <Connection />
      <ThemeButton />
      <ViewerMenu />
    </header>
  );
}

interface ViewLinkProps {
  readonly name: ViewName;
  readonly title: string;
  readonly isCurrent: boolean;
  readonly attention: Attention | null;
}

/** A link that needs no new page, unless it is opened in a new tab. */
function ViewLink({ name, title, isCurrent, attention }: ViewLinkProps) {
  const { place, go } = useNavigation();
  const link = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    // Where the window is narrow, the links scroll.
    if (isCurrent) link.current?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [isCurrent]);
  const to = placeOfView(place, name);
  const click = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(to);
  };
  return (
    <a
      ref={link}
      href={printPlace(to)}
      aria-current={isCurrent ? 'page' : undefined}
      onClick={click}
    >
      {title}
      {attention !== null && (
        <span class="badge" title={`${attention.count} ${attention.what}`}>
          {attention.count}
          <span class="visually-hidden"> {attention.what}</span>
        </span>
      )}
    </a>
  );
}

function Connection() {
  const { error, storedIndex } = useJournal();
  if (storedIndex === null && error === null) return null;
  return (
    <span class={error === null ? 'state state-ok' : 'state state-bad'} role="status">
      {error === null ? 'Connected' : error.message}
    </span>
  );
}

const themeTitles = { auto: 'as the system has it', light: 'light', dark: 'dark' } as const;
const themeIcons = { auto: 'auto', light: 'sun', dark: 'moon' } as const;

function ThemeButton() {
  const [choice, next] = useTheme();
  const label = `Colours: ${themeTitles[choice]}`;
  return (
    <button type="button" class="quiet" aria-label={label} title={label} onClick={next}>
      <Icon name={themeIcons[choice]} />
    </button>
  );
}

function ViewerMenu() {
  const { viewer, canSignIn, signIn, signOut } = useSession();
  if (!canSignIn) return null;
  if (viewer.kind === 'ANONYMOUS') {
    return (
      <button type="button" class="button" onClick={signIn}>
        Sign in
      </button>
    );
  }
  return (
    <span class="viewer">
      {viewer.name}
      <button type="button" class="button" onClick={signOut}>
        Sign out
      </button>
    </span>
  );
}
