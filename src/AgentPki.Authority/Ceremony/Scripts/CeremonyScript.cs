using System.Collections.Immutable;

namespace AgentPki.Authority.Ceremony.Scripts;

/// <summary>A ceremony as it is written: YAML, one field after the other known, with line numbers in every error.</summary>
/// <param name="Title">What it is for, in one line.</param>
/// <param name="Quorum">How many officers approve the plan, each step that says nothing else, and the end.</param>
/// <param name="OfficerFiles">Paths of officers' files, relative to the script.</param>
/// <param name="Source">The text, which is kept with the evidence.</param>
public sealed record CeremonyScript(string Title, int Quorum, ImmutableArray<string> OfficerFiles, ImmutableArray<ScriptStep> Steps, ReadOnlyMemory<byte> Source);

/// <summary>One step as it is written, its fields complete.</summary>
/// <param name="Quorum">Null: as the script says for all.</param>
public sealed record ScriptStep(StepKind Kind, int? Quorum, ImmutableSortedDictionary<string, string> Fields);
