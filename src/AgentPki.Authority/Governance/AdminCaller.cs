using System.Collections.Immutable;
using System.Globalization;
using AgentPki.Authority.Problems;

namespace AgentPki.Authority.Governance;

/// <summary>By what somebody was known: a certificate of this appliance, over a key that is an administrator's.</summary>
/// <param name="Key">SHA-256 of the SubjectPublicKeyInfo, lower-case hexadecimal.</param>
/// <param name="Authority">The CA that issued the certificate.</param>
/// <param name="Serial">The certificate's serial number, lower-case hexadecimal.</param>
public sealed record AdminCredential(string Key, string Authority, string Serial);

/// <summary>Who calls the admin API, and what he may be.</summary>
public sealed record AdminCaller
{
    private AdminCaller(string name, string actor, ImmutableArray<AdminRole> roles) => (Name, Actor, Roles) = (name, actor, roles);

    /// <summary>The administrator's name, or <c>uid=0</c> of a peer of the socket without a certificate.</summary>
    public string Name { get; }

    /// <summary>As the ledger names him: <c>admin:alice</c>, <c>admin:uid=0</c>, <c>admin:uid=0,development</c>.</summary>
    public string Actor { get; }

    public ImmutableArray<AdminRole> Roles { get; }

    /// <summary>The owners that <see cref="AdminRole.Owner"/> is bound to.</summary>
    public ImmutableArray<string> Owners { get; private init; } = [];

    /// <summary>Null: a peer of the socket, known by the kernel's word alone.</summary>
    public AdminCredential? Credential { get; private init; }

    /// <summary>Whether what he does needs no second person: in a development home, by the socket, without a certificate.</summary>
    public bool IsWaived { get; private init; }

    /// <summary>An administrator who showed his certificate.</summary>
    public static AdminCaller Of(string name, ImmutableArray<AdminRole> roles, ImmutableArray<string> owners, AdminCredential credential) =>
        new(name, Actors.Administrator(name), roles) { Owners = owners, Credential = credential };

    /// <summary>Whoever may open the socket of a development home: everything.</summary>
    /// <param name="fourEyes">Whether it wants a second person all the same (<c>governance: fourEyes: true</c>).</param>
    public static AdminCaller Development(uint user, bool fourEyes) =>
        new(Uid(user), $"admin:{Uid(user)},development", AdminRoles.All.Remove(AdminRole.Owner)) { IsWaived = !fourEyes };

    /// <summary>Whoever asked by the socket of a development home for what a second person has approved.</summary>
    /// <param name="name">As <see cref="Development"/> named him.</param>
    public static AdminCaller Socket(string name) => new(name, Actors.Administrator(name), AdminRoles.All.Remove(AdminRole.Owner));

    /// <summary>Whoever may open the socket of a production home: may learn what is wrong, and no more.</summary>
    public static AdminCaller Peer(uint user) => new(Uid(user), $"admin:{Uid(user)}", []);

    private static string Uid(uint user) => string.Create(CultureInfo.InvariantCulture, $"uid={user}");
}

/// <summary>What became of the question who calls.</summary>
public abstract record AdminIdentification
{
    private AdminIdentification()
    {
    }

    public sealed record Known(AdminCaller Caller) : AdminIdentification;

    /// <param name="Actor">As the ledger names him, as far as he is known.</param>
    public sealed record Unknown(string Actor, PkiProblem Problem) : AdminIdentification;
}

/// <summary>How the ledger names administrators.</summary>
public static class Actors
{
    public static string Administrator(string name) => $"admin:{name}";

    /// <summary>What one asked for and another approved: <c>admin:alice+bob</c>.</summary>
    public static string Both(string requester, string approver) => $"admin:{requester}+{approver}";
}
