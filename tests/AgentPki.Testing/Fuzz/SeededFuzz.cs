using Xunit;

namespace AgentPki.Testing.Fuzz;

/// <summary>
/// One parser and a sample that it takes, which a seeded generator mutates: bits, truncation, what the format is made of, spliced and repeated pieces. The parser may take
/// the result or refuse it in its own way; an exception is a defect, and the failure says how to get it again.
/// </summary>
/// <param name="takes">Whether the parser takes the octets; false is its way to refuse.</param>
public sealed class SeededFuzz(Func<byte[]> sample, Func<byte[], bool> takes, FuzzWords words)
{
    private const int Truncations = 1000;
    private readonly Lazy<byte[]> _sample = new(sample);

    /// <summary>A parser that refuses by an exception, too.</summary>
    public static Func<byte[], bool> RefusingBy<TRefusal>(Func<byte[], bool> takes)
        where TRefusal : Exception => octets =>
        {
            try
            {
                return takes(octets);
            }
            catch (TRefusal)
            {
                return false;
            }
        };

    /// <summary>A parser that takes whatever it gives an answer to.</summary>
    public static Func<byte[], bool> Taking(Action<byte[]> parse) => octets =>
    {
        parse(octets);
        return true;
    };

    /// <summary>The sample itself is taken: mutations of what is refused anyway would find nothing.</summary>
    public void TakesSample() => Assert.True(Take(_sample.Value, "unchanged"), $"The sample is refused.\n{Convert.ToHexString(_sample.Value)}");

    public void Mutated(int seed, int rounds)
    {
        var random = new Random(seed);
        for (var round = 0; round < rounds; round++)
        {
            var data = _sample.Value.ToArray();
            for (var mutations = random.Next(1, 5); mutations > 0; mutations--)
            {
                data = Mutate(data, random);
            }

            Take(data, $"seed {seed}, round {round}");
        }
    }

    /// <summary>Cut off everywhere; a long sample at a thousand places.</summary>
    public void Truncated()
    {
        for (var length = 0; length < _sample.Value.Length; length += 1 + (_sample.Value.Length / Truncations))
        {
            Take(_sample.Value[..length], $"truncated to {length}");
        }
    }

    private bool Take(byte[] data, string which)
    {
        try
        {
            return takes(data.ToArray());
        }
        catch (Exception e)
        {
            Assert.Fail($"{which}: {e.GetType().Name} {e.Message}\n{Convert.ToHexString(data)}\n{e.StackTrace}");
            throw;
        }
    }

    private byte[] Mutate(byte[] data, Random random)
    {
        if (data.Length < 2)
        {
            return [.. data, (byte)random.Next(256)];
        }

        var at = random.Next(data.Length);
        switch (random.Next(9))
        {
            case 0:
                data[at] ^= (byte)(1 << random.Next(8));
                return data;
            case 1:
                return data[..at];
            case 2:
                data[at] = words.Octets[random.Next(words.Octets.Length)];
                return data;
            case 3:
                return [.. data[..at], .. words.Pieces[random.Next(words.Pieces.Length)], .. data[at..]];
            case 4:
                return [.. data[..at], (byte)random.Next(256), .. data[at..]];
            case 5:
                return [.. data[..at], .. data[(at + 1)..]];
            case 6:
                data[at] = (byte)(data[at] + random.Next(-2, 3));
                return data;
            case 7:
                var from = random.Next(data.Length);
                return [.. data[..at], .. data[from..Math.Min(data.Length, from + random.Next(1, 60))], .. data[at..]];
            default:
                random.NextBytes(data.AsSpan(at, Math.Min(random.Next(1, 16), data.Length - at)));
                return data;
        }
    }
}
