using System.Runtime.InteropServices;
using System.Text;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.Pinned;
using AgentPki.Cryptography.Providers.Pinned.MlDsa;
using AgentPki.Pkcs11.Administration;
using AgentPki.Pkcs11.Wrapped;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace AgentPki.Pkcs11.Tests.Wrapped.Memory;

/// <summary>
/// The process that is searched: makes a token of its own, a wrapped key of a seed that it is told, and signatures with it; stands still after each step,
/// until it is told to go on. Last, it keeps the secrets on purpose.
/// </summary>
internal static class MemoryChild
{
    public const string Verb = "memory-child";

    /// <summary>The steps in their order.</summary>
    public const string Generated = "generated", Signed = "signed", Kept = "kept", Forgotten = "forgotten", Planted = "planted";

    private static readonly List<object> Plants = [];

    /// <param name="arguments">The folder to work in, which holds the file <c>seed</c>; the algorithm.</param>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var (home, algorithm) = (arguments[0], KeyAlgorithm.Find(arguments[1])!);
        var options = TokenOptions(home);
        TokenAdministration.EnsureToken(options, SoPin(home));
        await using var token = await Pkcs11Provider.OpenAsync(options, TimeProvider.System, NullLogger<Pkcs11Provider>.Instance, default);
        var wrapper = await token.OpenWrapperAsync("wrap", default);
        var clock = new FakeTimeProvider();
        TokenWrappedProvider Provider(TimeSpan keep) => new(wrapper, token, new() { Folder = Path.Combine(home, "wrapped"), KeepUnwrapped = keep }, clock) { Seed = ReadSeed };

        await (await Provider(TimeSpan.Zero).GenerateAsync(new("ca", algorithm, KeyPurpose.CertificateAuthority), default)).DisposeAsync();
        StandStill(Generated);

        await using (var key = (await Provider(TimeSpan.Zero).OpenAsync("ca", default))!)
        {
            for (var i = 0; i < 20; i++)
            {
                await key.SignAsync(algorithm.DefaultSignature, "the message"u8.ToArray(), default);
            }

            StandStill(Signed);
        }

        await using (var key = (await Provider(TimeSpan.FromHours(1)).OpenAsync("ca", default))!)
        {
            await key.SignAsync(algorithm.DefaultSignature, "the message"u8.ToArray(), default);
            StandStill(Kept);
            clock.Advance(TimeSpan.FromHours(1));
            StandStill(Forgotten);
        }

        Plant(home, algorithm);
        StandStill(Planted);
        GC.KeepAlive(Plants);
        return 0;

        void ReadSeed(Memory<byte> secret)
        {
            using var file = File.OpenHandle(Path.Combine(home, "seed"));
            RandomAccess.Read(file, secret.Span, 0);
        }
    }

    public static string SoPin(string home) => Path.Combine(home, "so-pin");

    public static Pkcs11Options TokenOptions(string home) => new()
    {
        Name = "softhsm",
        ModulePath = SoftHsmFixture.Module,
        TokenLabel = "memory",
        Pin = new PinInFile(Path.Combine(home, "pin")),
        Token = TokenDescription.Shipped("softhsm"),
        Environment = TokenHome.Prepare(TokenDescription.Shipped("softhsm"), home),
    };

    /// <summary>What a careless program would leave: arrays that were forgotten, strings, native memory that was never cleared.</summary>
    private static void Plant(string home, KeyAlgorithm algorithm)
    {
        var seed = File.ReadAllBytes(Path.Combine(home, "seed"));
        Plants.Add(seed);
        Plants.Add(File.ReadAllText(Path.Combine(home, "pin")));
        Plants.Add(File.ReadAllBytes(SoPin(home)));
        foreach (var needle in MemoryNeedles.Of(algorithm, seed, [], []))
        {
            // Half in the collector's heap, half outside.
            if (Plants.Count % 2 == 0)
            {
                Plants.Add(needle.Secret);
            }
            else
            {
                var native = Marshal.AllocHGlobal(needle.Secret.Length);
                Marshal.Copy(needle.Secret, 0, native, needle.Secret.Length);
                Plants.Add(native);
            }
        }
    }

    private static void StandStill(string step)
    {
        Console.Out.WriteLine(step);
        Console.Out.Flush();
        Console.In.ReadLine();
    }
}
