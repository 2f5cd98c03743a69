/**
 * What holds for the declarations of an entry of the package, checked on the file that users get. It is read with the TypeScript of
 * api-extractor: the one that compiles this project has no interface for programs.
 */
import { createRequire } from 'node:module';

const require = createRequire(createRequire(import.meta.url).resolve('@microsoft/api-extractor'));
/** Untyped, as its types are those of another version than the compiler's of this project. */
export const ts = require('typescript');

export interface Member {
  /** `System.tell`; overloads have the same one. */
  readonly name: string;
  /** Its doc comment, without the marks of a comment; empty where it has none. */
  readonly doc: string;
  /** A function, a method, a constructor, or a property that is a function. */
  readonly isCallable: boolean;
}

export interface Declarations {
  readonly members: Member[];
  /** Names of what is declared at the top, exported or not. */
  readonly exported: string[];
  readonly hidden: string[];
  /** Where it imports from. */
  readonly imports: string[];
}

type Node = ReturnType<typeof ts.createSourceFile>;

export function readDeclarations(text: string): Declarations {
  const file = ts.createSourceFile('x.d.ts', text, ts.ScriptTarget.Latest, true);
  const found: Declarations = { members: [], exported: [], hidden: [], imports: [] };
  for (const statement of file.statements) {
    if (ts.isImportDeclaration(statement)) found.imports.push(statement.moduleSpecifier.text);
    else if (!ts.isExportDeclaration(statement)) readStatement(statement, found);
  }
  return found;
}

function readStatement(statement: Node, found: Declarations): void {
  const isExported = statement.modifiers?.some((each: Node) => each.kind === ts.SyntaxKind.ExportKeyword);
  const declared = ts.isVariableStatement(statement) ? statement.declarationList.declarations : [statement];
  for (const one of declared) {
    (isExported ? found.exported : found.hidden).push(one.name.text);
    if (!isExported) continue;
    const isFunction = ts.isFunctionDeclaration(one);
    found.members.push({ name: one.name.text, doc: docOf(statement), isCallable: isFunction });
    for (const member of membersOf(one)) readMember(one.name.text, member, found);
  }
}

function membersOf(declaration: Node): Node[] {
  const type = ts.isTypeAliasDeclaration(declaration) ? declaration.type : declaration;
  return type.members ?? [];
}

function readMember(owner: string, member: Node, found: Declarations): void {
  const isPrivate = member.name && ts.isPrivateIdentifier(member.name);
  if (isPrivate || ts.isSemicolonClassElement(member)) return;
  const isWellKnown = member.name && ts.isComputedPropertyName(member.name);
  const isFunction =
    member.parameters !== undefined && !ts.isIndexSignatureDeclaration(member) && !ts.isAccessor(member);
  const isFunctionProperty = member.type !== undefined && ts.isFunctionTypeNode(member.type);
  const name = member.name?.getText() ?? (ts.isConstructorDeclaration(member) ? 'constructor' : 'call');
  const isCallable = !isWellKnown && (isFunction || isFunctionProperty);
  found.members.push({ name: `${owner}.${name}`, doc: docOf(member), isCallable });
}

/** The nearest comment before it, as a hover shows it. */
function docOf(node: Node): string {
  const doc = node.jsDoc?.at(-1);
  if (!doc) return '';
  const text: string = doc.getText();
  return text
    .replace(/^\/\*\*|\*\/$/g, '')
    .replace(/^[ \t]*\* ?/gm, '')
    .trim();
}

/** Every member without a doc comment, or a function without an example in it, each as a sentence. */
export function breachesOfDocs({ members }: Declarations): string[] {
  return members.flatMap(({ name, doc, isCallable }) => {
    if (doc === '' || doc.startsWith('@example')) return [`${name} has no doc comment`];
    if (doc.startsWith('@deprecated')) return [];
    return isCallable && !/^@example\n```ts\n[\s\S]+\n```$/m.test(doc) ? [`${name} has no @example`] : [];
  });
}

/** `hasUnits` and so on: what a hover of a large member has to say. */
export function partsOf(doc: string): {
  says: string;
  unit: boolean;
  default: boolean;
  errors: string[];
  example: boolean;
} {
  const [says = ''] = doc.split(/\n\n|\n@/);
  return {
    says,
    unit: /\b(milliseconds|ms|bytes|characters|messages)\b/.test(doc),
    default: /\bdefaults?\b/i.test(doc),
    errors: codesIn(doc),
    example: /@example\n```ts\n[\s\S]+```/.test(doc),
  };
}

/** Words that look like codes of errors. */
export function codesIn(text: string): string[] {
  const words = text.match(/\b[A-Z]+(?:_[A-Z]+)+\b|\b(?:REFUSED|OVERLOADED)\b/g) ?? [];
  return [...new Set(words)].filter((word) => !/^(?:NODE_ENV|ERROR_CODES|TROUPE_\w+)$/.test(word));
}
