namespace AgentPki.Protocols.Admin;

/// <summary>Tokens that only officers together open.</summary>
/// <param name="Open">Whether all are, or there are none.</param>
/// <param name="Problem">Why it was locked again without anybody asking for it.</param>
public sealed record LocksView(bool Open, string? Problem, IReadOnlyList<LockView> Tokens);

/// <summary>One of them.</summary>
/// <param name="Threshold">How many officers open it.</param>
/// <param name="Officers">Who has a share.</param>
/// <param name="Given">Who has given his, while it is locked.</param>
/// <param name="Sealing">The id of the sealing that the shares belong to.</param>
public sealed record LockView(string Token, bool Open, int Threshold, IReadOnlyList<string> Officers, IReadOnlyList<string> Given, string Sealing);
