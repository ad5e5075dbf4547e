import type { SessionId } from '../ids.js';
import type { RouteUpdate } from './relay-update.js';
import { Route } from './route.js';
import type { SessionTable } from './session-table.js';

/** The routes by target, and by listener, so that a changed path touches only the routes that lead to it. */
export class RouteTable {
  readonly #sessions: SessionTable;
  readonly #byTarget = new Map<number, Route>();
  readonly #byListener = new Map<SessionId, Set<Route>>();

  constructor(sessions: SessionTable) {
    this.#sessions = sessions;
  }

  get size(): number {
    return this.#byTarget.size;
  }

  find(target: number): Route | undefined {
    return this.#byTarget.get(target);
  }

  targets(): readonly number[] {
    return [...this.#byTarget.keys()];
  }

  set(update: RouteUpdate, nowMs: number): void {
    const route = this.#byTarget.get(update.target) ?? new Route(update.target, update.epoch);
    this.#byTarget.set(update.target, route);
    const before = route.listeners;
    route.replace(update, nowMs);
    for (const id of before) if (!route.listeners.has(id)) this.#unlink(id, route);
    for (const id of route.listeners) this.#link(id, route);
    route.refresh(this.#sessions);
  }

  remove(target: number): void {
    const route = this.#byTarget.get(target);
    if (route === undefined) return;
    this.#byTarget.delete(target);
    for (const id of route.listeners) this.#unlink(id, route);
  }

  /** The session came, went, or is reached by another path. */
  refreshListener(id: SessionId): void {
    for (const route of this.#byListener.get(id) ?? []) route.refresh(this.#sessions);
  }

  #link(id: SessionId, route: Route): void {
    const routes = this.#byListener.get(id);
    if (routes === undefined) this.#byListener.set(id, new Set([route]));
    else routes.add(route);
  }

  #unlink(id: SessionId, route: Route): void {
    const routes = this.#byListener.get(id);
    routes?.delete(route);
    if (routes?.size === 0) this.#byListener.delete(id);
  }
}
