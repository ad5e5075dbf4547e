/** Gathers what a request asks of the same list of many objects: the users of each organization, the keys of each user. */
import DataLoader from 'dataloader';
import { notFound } from '../errors.js';
import type { Page, PageRequest } from '../pagination.js';

/** A part of the list of one object. */
export interface ListRequest<Owner, Question = PageRequest> {
  readonly owner: Owner;
  /** Which part: plain data. */
  readonly question: Question;
}

export type ListLoader<Owner, Item, Question = PageRequest> = DataLoader<
  ListRequest<Owner, Question>,
  Page<Item>,
  string
>;

/** For each owner, by its id: the part of its list, or why the actor may not see it. */
type Answers<Id, Item> = ReadonlyMap<Id, Page<Item> | Error>;

/** Makes the loader of a list. `ask` is called once for all owners of whom the same is asked. `idOf` tells owners apart. */
export function listLoader<Owner, Id, Item, Question = PageRequest>(
  idOf: (owner: Owner) => Id,
  ask: (owners: readonly Owner[], question: Question) => Promise<Answers<Id, Item>>,
): ListLoader<Owner, Item, Question> {
  const load = async (requests: readonly ListRequest<Owner, Question>[]) => {
    const groups = Map.groupBy(requests, ({ question }) => JSON.stringify(question));
    const answers = new Map<ListRequest<Owner, Question>, Page<Item> | Error>();
    await Promise.all(
      [...groups.values()].map(async (group) => {
        const [first] = group;
        if (first === undefined) return;
        const owners = group.map(({ owner }) => owner);
        const pages = await attempt(() => ask(owners, first.question));
        for (const request of group) answers.set(request, answerFor(pages, idOf(request.owner)));
      }),
    );
    return requests.map((request) => answers.get(request) ?? notFound('list'));
  };
  return new DataLoader(load, { cacheKeyFn: ({ owner, question }) => JSON.stringify([idOf(owner), question]) });
}

/** What is thrown for one question is no answer to the others. */
async function attempt<Result>(work: () => Promise<Result>): Promise<Result | Error> {
  try {
    return await work();
  } catch (error) {
    return error instanceof Error ? error : new Error('a list could not be loaded', { cause: error });
  }
}

function answerFor<Id, Item>(answers: Answers<Id, Item> | Error, id: Id): Page<Item> | Error {
  return answers instanceof Error ? answers : (answers.get(id) ?? notFound('list'));
}
