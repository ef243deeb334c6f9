// A list of tabs as WAI-ARIA describes it: one stop of the Tab key, arrows choose.
import { VNode } from 'preact';
import { useRef } from 'preact/hooks';

interface IProps<T extends string> {
  id: string;
  label: string;
  tabs: readonly T[];
  names: Record<T, string>;
  chosen: T;
  choose(tab: T): void;
}

export function Tabs<T extends string>({ id, label, tabs, names, chosen, choose }: IProps<T>): VNode {
  const list = useRef<HTMLDivElement>(null);
  const press = (event: KeyboardEvent): void => {
    const at = tabs.indexOf(chosen);
    const moves: Record<string, number> = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 };
    const target = moves[event.key];
    if (target === undefined) {
      return;
    }
    event.preventDefault();
    const index = (target + tabs.length) % tabs.length;
    choose(tabs[index] as T);
    (list.current?.children[index] as HTMLElement | undefined)?.focus();
  };
  return (
    <div ref={list} role="tablist" aria-label={label} class="nbt-tabs" onKeyDown={press}>
      {tabs.map(tab => (
        <button
          key={tab}
          type="button"
          role="tab"
          id={`${id}-${tab}`}
          aria-selected={tab === chosen}
          aria-controls={`${id}-panel`}
          tabIndex={tab === chosen ? 0 : -1}
          onClick={() => choose(tab)}
        >
          {names[tab]}
        </button>
      ))}
    </div>
  );
}
