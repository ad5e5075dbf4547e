import { Field, ObjectType } from 'type-graphql';

@ObjectType({ description: 'Where a page stands in its list.', simpleResolvers: true })
export class PageInfo {
  @Field(() => Boolean, { description: 'True if there is more after this page.' })
  declare hasNextPage: boolean;

  @Field(() => Boolean, { description: 'True if the page was asked for with `after`.' })
  declare hasPreviousPage: boolean;

  @Field(() => String, { nullable: true, description: 'The cursor of the first item, or null on an empty page.' })
  declare startCursor: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The cursor of the last item, for `after`, or null on an empty page.',
  })
  declare endCursor: string | null;
}
